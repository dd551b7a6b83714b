"""The build for arm64, the default, which no test can run: its libraries, its size, and what it imports."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.release.packaging.builds import LIMIT_MB, megabytes

MACHINES = {62: "x86_64", 183: "arm64"}
"""ELF's e_machine, by the names that Lambda has for them."""

SIGNING = {"solders"}
"""What the executor has beside the layer, because no other function signs."""


def machine(path: Path) -> str | None:
    """Return the processor a shared library is for; None for what is none."""
    with path.open("rb") as file:
        head = file.read(20)
    is_elf = head[:4] == b"\x7fELF" and len(head) == 20
    return MACHINES[int.from_bytes(head[18:20], "little")] if is_elf else None


def machines(build: Path) -> list[str]:
    found = (machine(path) for path in build.rglob("*") if path.is_file())
    return [name for name in found if name is not None]


def modules(build: Path) -> set[str]:
    """Return what can be imported from the layer and the executor, whatever the platform."""
    paths = [path for path in build.rglob("*") if path.suffix in {".py", ".so"}]
    others = re.compile(r"\.libs$|^(bin|scripts)$")
    names = {path.relative_to(build).as_posix() for path in paths if not others.search(path.parent.name)}
    return {re.sub(r"\.(cpython-313-[a-z0-9_-]+|abi3)\.so$", ".so", name) for name in names}


@cache
def imports(source: Path) -> tuple[str, ...]:
    """Return the modules that a file of ours imports, at once or later; not those for type checkers."""
    names: list[str] = []
    tree = ast.parse(source.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += (alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom) and node.module:
            names.append(node.module)
    return tuple(names)


def is_there(module: str, roots: list[Path]) -> bool:
    if module.partition(".")[0] in sys.stdlib_module_names:
        return True
    path = Path(*module.split("."))
    folders = [root / path.parent for root in roots]
    files = [file for folder in folders for file in (*folder.glob(f"{path.name}.py"), *_native(folder, path))]
    return bool(files) or any((root / path).is_dir() for root in roots)


def _native(folder: Path, module: Path) -> Iterator[Path]:
    return folder.glob(f"{module.name}.*.so")


def test_every_library_is_for_the_processor_of_its_build(built: Path, built_for_arm: Path) -> None:
    assert len(machines(built_for_arm)) > 10
    assert set(machines(built_for_arm)) == {"arm64"}
    assert len(machines(built)) > 10
    assert set(machines(built)) == {"x86_64"}


def test_it_is_small(built_for_arm: Path) -> None:
    layer, executor = (megabytes(built_for_arm / name) for name in ("Layer", "ExecutorFunction"))
    assert 10 < layer < layer + executor < LIMIT_MB


def test_it_holds_the_modules_that_the_other_build_runs_with(built: Path, built_for_arm: Path) -> None:
    here, there = (
        {name for name in modules(build) if name.startswith(("Layer/", "ExecutorFunction/"))}
        for build in (built, built_for_arm)
    )
    assert here == there
    assert len(there) > 500


def test_all_that_the_executor_imports_is_there(built_for_arm: Path) -> None:
    assert missing(built_for_arm, "ExecutorFunction") == set()


@pytest.mark.parametrize(
    "function",
    [
        "HttpApiFunction",
        "WebSocketFunction",
        "DeadLettersFunction",
        "SweeperFunction",
        "TriggerFunction",
        "WebhooksFunction",
        "MigrateFunction",
    ],
)
def test_all_that_the_other_functions_import_is_in_the_layer(function: str, built: Path) -> None:
    assert {name.partition(".")[0] for name in missing(built, function)} == SIGNING


def missing(build: Path, function: str) -> set[str]:
    """Return what the function and the layer import and neither holds."""
    roots = [build / function, build / "Layer" / "python"]
    sources = [build / function / "app.py", *(roots[1] / "dexec").rglob("*.py")]
    assert len(sources) > 50
    return {name for source in sources for name in imports(source) if not is_there(name, roots)}
