"""Puts a mutant in the place of a file for the rest of this process; nothing is written to disk."""

from __future__ import annotations

import ast
import importlib.abc
import importlib.machinery
import importlib.util
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from infra.local.home import PROJECT


def replace_text(path: Path, text: str) -> None:
    """Have a file read as another text."""
    read = Path.read_text

    def replaced(self: Path, *arguments: Any, **named: Any) -> str:
        return text if self.resolve() == path else read(self, *arguments, **named)

    Path.read_text = replaced  # type: ignore[method-assign]
    if path.suffix == ".sql":
        for name in ("sql", "compiled"):
            getattr(sys.modules["dexec.adapters.postgres.statements"], name).cache_clear()


def forget(path: Path | None = None) -> None:
    """Forget the project's modules, so that they are imported anew; of a path, what imports its module."""
    own = _own_modules()
    changed = {name for name, file in own.items() if path in (None, file)}
    grows = True
    while grows:
        more = {name for name, file in own.items() if _imports(file, name) & changed} - changed
        changed |= more
        grows = bool(more)
    for name in changed:
        if name != "__main__" and not name.startswith("infra.lab.mutants"):
            del sys.modules[name]
            package, _, attribute = name.rpartition(".")
            # `from package import module` would find it there.
            if package in sys.modules:
                vars(sys.modules[package]).pop(attribute, None)


def learn_imports() -> None:
    """Find out what the project's modules import: forks of this process know it then."""
    for name, file in _own_modules().items():
        _imports(file, name)


def _own_modules() -> dict[str, Path]:
    return {
        name: Path(file)
        for name, module in [*sys.modules.items()]
        # A package without __init__.py has no file, and holds its modules as attributes.
        for file in [getattr(module, "__file__", None) or next(iter(getattr(module, "__path__", ())), "")]
        if file.startswith(f"{PROJECT}/") and "/.venv" not in file
    }


@cache
def _imports(file: Path, name: str) -> frozenset[str]:
    """Return the names that a module imports: of modules, and of what may be one."""
    if file.suffix != ".py":
        return frozenset()
    package = name if file.name == "__init__.py" else name.rpartition(".")[0]
    found = set[str]()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = f"{package}.{node.module}" if node.level else node.module or ""
            found |= {base, *(f"{base}.{alias.name}" for alias in node.names)}
    return frozenset(found)


def replace_module(path: Path, text: str) -> None:
    """Have the module of a file imported from another text."""
    sys.meta_path.insert(0, _Finder(path, text))


class _Finder(importlib.abc.MetaPathFinder):
    """Finds one module, whose text is another than its file's."""

    def __init__(self, path: Path, text: str) -> None:
        self._path, self._text = path, text

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Return what loads the text, where the name is the file's."""
        found = importlib.machinery.PathFinder.find_spec(name, path, target)
        if found is None or found.origin != str(self._path):
            return None
        loader = _Loader(name, str(self._path))
        loader.text = self._text
        return importlib.util.spec_from_file_location(
            name, self._path, loader=loader, submodule_search_locations=found.submodule_search_locations
        )


class _Loader(importlib.machinery.SourceFileLoader):
    text = ""

    def get_code(self, fullname: str) -> CodeType:  # noqa: ARG002
        return compile(self.text, self.path, "exec", dont_inherit=True)
