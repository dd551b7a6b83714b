"""What is mutated, and which tests may notice: those in memory, and those on a PostgreSQL that all share."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Group:
    """Files under mutation, and the arguments of pytest that name the tests which may notice.

    ``on_postgres``: they share one server of PostgreSQL, so they are run one at a time.
    """

    name: str
    files: tuple[str, ...]
    tests: tuple[str, ...]
    on_postgres: bool = False


_IN_MEMORY = (
    "tests/unit", "tests/contract", "tests/tools/test_vectors.py",
    *(f"tests/proofs/exactly_once/test_{name}.py" for name in (
        "fairness", "leases", "notifying", "poison", "timeouts", "waiting_histories", "webhooks"
    )),
    *(f"tests/proofs/property/test_{name}.py" for name in (
        "amounts", "encoding", "lifecycle", "limits", "tape", "ticks", "waiting", "waiting_fills", "webhooks"
    )),
    "-m", "not back_end", "-k", "not thousand and not cold_start and not test_architecture",
)  # fmt: skip
_OF_USE_CASES = (
    "tests/unit/usecases", "tests/contract",
    *(f"tests/proofs/exactly_once/test_{name}.py" for name in (
        "fairness", "leases", "notifying", "poison", "waiting_histories", "webhooks"
    )),
    "tests/proofs/property/test_waiting_fills.py", "tests/proofs/property/test_webhooks.py",
    "-m", "not back_end", "-k", "not thousand and not test_curves",
)  # fmt: skip
_ON_POSTGRES = (
    *(f"tests/contract/test_{name}.py" for name in (
        "amending", "api_keys", "cancel_histories", "cluster", "control", "deadlines", "idempotency",
        "many_orders", "orders", "probe", "risk", "shards", "stored_tape", "ticks", "waiting",
        "waiting_orders", "watching", "webhook_records", "webhooks",
    )),
    *(f"tests/system/integration/test_{name}.py" for name in (
        "archive", "bracket_races", "cancel_amend", "cancel_races", "due", "first_plans", "halt_races",
        "handlers", "history_plans", "ledger", "lock_order", "operators", "outcomes", "races", "risk",
        "risk_races", "rows_changed", "sql", "tape", "waiting_shown", "webhook_races", "webhooks",
    )),
    "-k", "not memory and not repeatable and not DSQL and not en_US",
)  # fmt: skip
_OF_ROUTES = (
    "tests/unit", "tests/contract/test_curves.py", "tests/tools/test_vectors.py",
    *(f"tests/proofs/property/test_{name}.py" for name in (
        "amounts", "amounts_of_routes", "creator_fees", "routing_oracle", "routing_route", "routing_split",
        "shown_prices",
    )),
    "-m", "not back_end", "-k", "not thousand and not cold_start and not test_architecture",
)  # fmt: skip
_OF_THE_API = (
    "tests/unit/api", "tests/unit/adapters", "tests/unit/usecases", "tests/release/docs/test_documents.py",
    "-m", "not back_end",
)  # fmt: skip
_OF_ADAPTERS = (
    "tests/unit/adapters/postgres",
    *(f"tests/system/integration/test_{name}.py" for name in ("commits", "conflicts", "database", "thaw")),
    *_ON_POSTGRES,
)
_OF_FUNCTIONS = (
    "tests/system/edge", "tests/unit/functions", "tests/unit/test_telemetry.py",
    *(f"tests/system/integration/test_{name}.py" for name in (
        "cancel_amend", "handlers", "outcomes", "risk", "tape", "waiting_shown", "webhooks"
    )),
    "-k", "not test_fuzz and not test_capacity and not cold_start",
)  # fmt: skip

GROUPS = (
    Group("usecases", ("shared/dexec/usecases/*.py",), _OF_USE_CASES),
    Group(
        "memory",
        tuple(
            f"shared/dexec/{name}"
            for name in (
                "domain/*.py", "domain/waiting/*.py", "ports/*.py", "adapters/paper/*.py", "batches.py"
            )
        ),
        _IN_MEMORY,
    ),
    Group("routes", ("shared/dexec/domain/pools/*.py", "shared/dexec/domain/routing/*.py"), _OF_ROUTES),
    Group("api", ("shared/dexec/api/*.py",), _OF_THE_API),
    Group("sql", ("shared/dexec/adapters/postgres/sql/**/*.sql",), _ON_POSTGRES, on_postgres=True),
    Group("postgres", ("shared/dexec/adapters/postgres/*.py",), _OF_ADAPTERS, on_postgres=True),
    Group("functions", ("functions/*/*.py",), _OF_FUNCTIONS, on_postgres=True),
    Group(
        "template",
        ("template.yaml",),
        (
            *(f"tests/release/packaging/test_{name}.py" for name in (
                "template", "deploy_safety", "security", "alarms", "watching"
            )),
            "tests/tools/test_local_template.py", "tests/tools/test_cloud_model.py",
            "tests/proofs/exactly_once/test_timeouts.py", "-k", "not samlocal and not bytecode",
        ),
    ),
)  # fmt: skip
