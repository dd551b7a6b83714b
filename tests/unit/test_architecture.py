"""Who may import whom, held over the syntax tree; and no floats where money is."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "shared" / "dexec"
LAYERS: dict[str, set[str]] = {
    "domain": {"domain"},
    "ports": {"domain", "ports"},
    "usecases": {"domain", "ports", "usecases"},
    "api": {"domain", "api"},
    "settings": {"settings"},
    "telemetry": {"domain", "usecases", "api", "telemetry"},
    "batches": {"telemetry"},
    "adapters": {"domain", "ports", "adapters"},
    "bootstrap": {"domain", "ports", "usecases", "api", "settings", "telemetry", "adapters", "bootstrap"},
}
"""What each part of the package may import of the package."""

THIRD_PARTY: dict[str, set[str]] = {
    "domain": set(),
    "ports": set(),
    "usecases": set(),
    "api": {"pydantic"},
    "settings": {"pydantic"},
    "telemetry": {"aws_lambda_powertools"},
    "batches": {"aws_lambda_powertools"},
    "adapters": {"botocore", "mypy_boto3_secretsmanager", "psycopg", "solders"},
    "bootstrap": set(),
}
"""What each part may import of others' packages."""

FUNCTIONS = {"bootstrap", "usecases", "api", "domain", "ports", "telemetry", "batches", "settings"}
"""What functions may import of the package; never an adapter."""

INSTALLED = {"aws_lambda_powertools", "pydantic", "urllib3"}
"""What functions may import of others' packages."""


def imports(path: Path) -> Iterator[str]:
    """Yield the full names of the modules that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names = [alias.name for alias in node.names]
            yield from (f"{node.module}.{name}" for name in names)


def part_of(path: Path) -> str:
    relative = path.relative_to(PACKAGE)
    return relative.parts[0].removesuffix(".py")


SOURCES = sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")
HANDLERS = sorted((ROOT / "functions").rglob("*.py"))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_parts_import_what_they_may(path: Path) -> None:
    part = part_of(path)
    assert part in LAYERS, f"{part} has no place among the layers"
    for name in imports(path):
        top, _, rest = name.partition(".")
        if top == "dexec":
            inner = rest.split(".", maxsplit=1)[0]
            assert inner in LAYERS[part] or inner == "__version__", f"{part} imports {name}"
        elif top not in sys.stdlib_module_names:
            assert top in THIRD_PARTY[part], f"{part} imports {name}"


@pytest.mark.parametrize("path", HANDLERS, ids=lambda path: str(path.relative_to(ROOT)))
def test_functions_import_no_adapter_and_no_other_function(path: Path) -> None:
    for name in imports(path):
        top, _, rest = name.partition(".")
        if top == "dexec":
            assert rest.split(".", maxsplit=1)[0] in FUNCTIONS | {"__version__"}, name
        elif top not in sys.stdlib_module_names | INSTALLED:
            assert path.with_name(f"{top}.py").exists(), f"{name} does not lie beside {path.name}"


def test_what_lies_beside_a_handler_has_a_name_of_its_own() -> None:
    """One process of the tests imports all of them by these names."""
    names = [path.stem for path in HANDLERS if path.stem != "app"]
    assert len(names) == len(set(names))
    assert not set(names) & sys.stdlib_module_names


def test_there_is_something_to_look_at() -> None:
    assert len(SOURCES) > 40
    assert len(HANDLERS) >= 6


@pytest.mark.parametrize(
    "path", sorted((PACKAGE / "domain").rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE))
)
def test_no_floats_in_the_domain(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        is_literal = isinstance(node, ast.Constant) and isinstance(node.value, float)
        is_name = isinstance(node, ast.Name) and node.id == "float"
        assert not is_literal, f"{path.name}:{node.lineno}: a float"  # type: ignore[attr-defined]
        assert not is_name, f"{path.name}:{node.lineno}: float"  # type: ignore[attr-defined]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_time_and_chance_are_passed_in(path: Path) -> None:
    """Only adapters and what builds them read the clock or draw lots."""
    if part_of(path) in ("adapters", "bootstrap", "telemetry"):
        return
    forbidden = {"random", "time", "secrets"}
    assert not forbidden & {name.split(".", maxsplit=1)[0] for name in imports(path)}
    calls = {
        node.func.attr
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    }
    assert not calls & {"utcnow", "today"}
