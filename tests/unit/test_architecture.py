"""Who may import whom, held over the syntax tree; no floats where money is; and where the tests lie."""

from __future__ import annotations

import ast
import re
import sys
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "shared" / "dexec"
LAYERS: dict[str, set[str]] = {
    "domain": {"domain"},
    "ports": {"domain", "ports"},
    "usecases": {"domain", "ports", "usecases"},
    "api": {"domain", "api"},
    "settings": {"domain", "settings"},
    "telemetry": {"domain", "usecases", "api", "telemetry"},
    "batches": {"telemetry"},
    "adapters": {"domain", "ports", "adapters"},
    "connecting": {"settings", "adapters"},
    "wiring": {"domain", "ports", "usecases", "settings", "adapters", "connecting", "wiring"},
    "composition": {"domain", "ports", "usecases", "api", "adapters", "wiring", "composition"},
    "bootstrap": {"settings", "composition"},
}
"""What each part of the package may import of the package."""

THIRD_PARTY: dict[str, set[str]] = {
    "domain": set(),
    "ports": set(),
    "usecases": set(),
    "api": {"pydantic", "typing_extensions"},
    "settings": {"pydantic"},
    "telemetry": {"aws_lambda_powertools"},
    "batches": {"aws_lambda_powertools"},
    "adapters": {"botocore", "mypy_boto3_secretsmanager", "psycopg", "solders"},
    "connecting": set(),
    "wiring": set(),
    "composition": set(),
    "bootstrap": set(),
}
"""What each part may import of others' packages."""

FUNCTIONS = {"bootstrap", "usecases", "api", "domain", "ports", "telemetry", "batches", "settings"}
"""What functions may import of the package; never an adapter."""

INSTALLED = {"aws_lambda_powertools", "pydantic", "urllib3"}
"""What functions may import of others' packages."""


@cache
def imports(path: Path) -> tuple[str, ...]:
    """Return the full names of the modules that a file imports, wherever in it."""
    names: list[str] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names += (f"{node.module}.{alias.name}" for alias in node.names)
    return tuple(names)


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


def test_no_module_imports_itself_in_a_circle() -> None:
    """Imports inside functions and for type checkers alone count too. ``prepare`` raises ``CycleError``."""
    names = {path: ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts) for path in SOURCES}
    modules = {name.removesuffix(".__init__") for name in names.values()}

    def imported(path: Path) -> set[str]:
        found = (name if name in modules else name.rpartition(".")[0] for name in imports(path))
        return modules.intersection(found)

    graph = {name.removesuffix(".__init__"): imported(path) for path, name in names.items()}
    assert sum(map(len, graph.values())) > 200
    TopologicalSorter(graph).prepare()


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


TOOLS = sorted((ROOT / "infra").rglob("*.py"))
BUILT_BY_TOOLS = {
    "infra/operators/access.py": {"SignedHttp", "SqsQueue", "ApiGatewayPush"},
    "infra/local/supervisor.py": {"SystemClock"},
    "infra/cli/local.py": {"SystemClock"},
    "infra/cli/demo_orders.py": {"ScriptedMove"},
    "infra/lab/replay/recorded.py": {"PaperMarket", "PriceMove", "Tape"},
}
"""What tools build: an emulator's endpoints, to override a container's; a clock without a store; values;
a market without a deployment.
"""


def test_tools_build_through_the_container() -> None:
    """No use case and no adapter is put together beside ``bootstrap``, but for what is listed."""
    built: dict[str, set[str]] = {}
    for path in TOOLS:
        parts = {name.rpartition(".")[2] for name in imports(path) if _is_part(name)}
        if called := parts & _called(path):
            built[str(path.relative_to(ROOT))] = called
    assert built == BUILT_BY_TOOLS


def _is_part(name: str) -> bool:
    """Whether a full name is that of a use case or of an adapter: an object that others are put into."""
    module, _, member = name.rpartition(".")
    use_case = "".join(word.title() for word in module.rpartition(".")[2].split("_"))
    values = {
        "Statement",
        "Credentials",
        "Limits",
        "ProblemOrder",
        "Booking",
        "Moves",
        "Posting",
        "Entry",
    }
    is_adapter = module.startswith("dexec.adapters.") and member[:1].isupper() and member not in values
    return is_adapter or (module.startswith("dexec.usecases.") and member in (use_case, "Notifier"))


def _called(path: Path) -> set[str]:
    """Return the plain names that a file calls."""
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    return {node.func.id for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}


PAPER = "dexec.adapters.paper"
SIMULATOR = f"{PAPER}.simulator"
INSIDE_PAPER = (
    "shared/dexec/adapters/paper",
    "tests/unit/adapters/paper",
    "tests/system/integration/test_ledger.py",
)
"""What may import any module of the paper chain: the folder itself, and the tests of what is in it."""

EVERYWHERE = sorted(
    path
    for folder in ("shared", "functions", "infra", "tests")
    for path in (ROOT / folder).rglob("*.py")
    if not str(path.relative_to(ROOT)).startswith(INSIDE_PAPER)
)


def test_the_paper_chain_is_entered_through_its_doors() -> None:
    """``composition`` builds it; infra and tests may also use the simulator; nothing else knows of it."""
    users = {}
    for path in EVERYWHERE:
        modules = {_paper_module(name) for name in imports(path) if f"{name}.".startswith(f"{PAPER}.")}
        if modules:
            users[str(path.relative_to(ROOT))] = modules
    engine = {user: modules for user, modules in users.items() if user.startswith(("shared", "functions"))}
    assert engine == {"shared/dexec/composition/market.py": {PAPER}}
    others = users.keys() - engine.keys()
    assert others
    assert not {user: users[user] for user in others if not users[user] <= {PAPER, SIMULATOR}}


def _paper_module(name: str) -> str:
    """Return the module that a full name is imported from."""
    inside = name.removeprefix(f"{PAPER}.").partition(".")[0]
    is_module = (PACKAGE / "adapters" / "paper" / f"{inside}.py").exists()
    return f"{PAPER}.{inside}" if is_module else PAPER


@pytest.mark.parametrize(
    "path", sorted((PACKAGE / "domain").rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE))
)
def test_the_domain_knows_no_simulator(path: Path) -> None:
    """Trading only: no paper chain, no simulated market, no randomness, not even in words."""
    text = f"{path.name} {path.read_text(encoding='utf-8')}".lower()
    assert not [word for word in ("paper", "simulat", "noise") if word in text]


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
    if part_of(path) in ("adapters", "wiring", "telemetry"):
        return
    forbidden = {"random", "time", "secrets"}
    assert not forbidden & {name.split(".", maxsplit=1)[0] for name in imports(path)}
    calls = {
        node.func.attr
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    }
    assert not calls & {"utcnow", "today"}


TESTS = ROOT / "tests"
NO_COUNTERPART = {
    "test_architecture.py": "shared/dexec",
    "adapters/paper/test_time.py": "shared/dexec/adapters/paper/slots.py",
    "adapters/postgres/test_sql_states.py": "shared/dexec/adapters/postgres/sql",
    "adapters/postgres/test_store_switches.py": "shared/dexec/adapters/postgres/sources.py",
    "domain/pools/test_exactness.py": "shared/dexec/domain/pools",
    "domain/pools/test_limit_orders.py": "shared/dexec/domain/pools/dlmm_swap.py",
    "domain/routing/test_choice.py": "shared/dexec/domain/routing/search.py",
    "functions/test_cold_start.py": "functions",
    "usecases/test_execute_waiting.py": "shared/dexec/usecases/execute_order.py",
    "usecases/test_webhook_pauses.py": "shared/dexec/usecases/deliver_webhooks.py",
}
"""Unit tests that are not named after the module that they are about, and what they are about."""


def counterparts(name: str) -> list[Path]:
    """Return the modules that a unit test may be named after."""
    module = Path(name).with_name(Path(name).name.removeprefix("test_"))
    return [PACKAGE / module, ROOT / module]


def test_a_unit_test_lies_where_its_module_does() -> None:
    names = {str(path.relative_to(TESTS / "unit")) for path in (TESTS / "unit").rglob("test_*.py")}
    astray = {name for name in names if not any(map(Path.exists, counterparts(name)))}
    assert astray == NO_COUNTERPART.keys()
    assert [subject for subject in NO_COUNTERPART.values() if not (ROOT / subject).exists()] == []


def test_unit_tests_use_neither_deployments_nor_stores() -> None:
    used = {
        (path.name, name)
        for path in (TESTS / "unit").rglob("*.py")
        for name in imports(path)
        if name.startswith(("tests.system", "tests.conftest", "tests.support.dsql"))
    }
    assert used == set()


@pytest.mark.parametrize("part", ["domain", "usecases"])
def test_unit_tests_of_what_knows_no_adapter_use_fakes(part: str) -> None:
    used = {
        (path.name, name)
        for path in (TESTS / "unit" / part).rglob("*.py")
        for name in imports(path)
        if name.startswith("dexec.adapters")
    }
    assert used == set()


def test_no_test_module_imports_another() -> None:
    """What several need lies in a module beside them, or in ``support``."""
    imported = {
        (str(path.relative_to(TESTS)), name)
        for path in TESTS.rglob("*.py")
        for name in imports(path)
        if name.startswith("tests.") and ".test_" in name
    }
    assert imported == set()


def test_every_folder_of_tests_is_described_and_every_folder_described_exists() -> None:
    text = (TESTS / "README.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([a-z0-9_]+(?:/[a-z0-9_]+)*)`", text))
    files = [path for path in TESTS.rglob("*.*") if "__pycache__" not in path.parts]
    holding = {str(path.parent.relative_to(TESTS)) for path in files} - {"."}
    # Those of the unit tests are the engine's.
    assert {folder for folder in holding - named if not folder.startswith("unit/")} == set()
    assert [folder for folder in named if not (TESTS / folder).is_dir()] == []
