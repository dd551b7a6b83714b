"""What is mutated, and which tests have to notice: those in memory for code, PostgreSQL for SQL."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Group:
    """Files under mutation, and their tests: ``quick`` ones first, ``thorough`` ones for what survives those.

    Both are what one run of pytest is given.
    """

    name: str
    files: tuple[str, ...]
    quick: str
    thorough: str


@dataclass(frozen=True, slots=True)
class Tests:
    """How the tests are run on one mutant, for ``timeout_s`` at the most, none of them after ``ends_at``.

    ``ends_at`` is a reading of ``time.monotonic``.
    """

    command: str
    timeout_s: float
    ends_at: float


_CONTRACTS = 'tests/contract -m "not back_end"'

GROUPS = (
    Group(
        "domain",
        tuple(f"shared/dexec/domain/{name}.py" for name in ("claims", "lifecycle", "order")),
        "tests/unit/domain/test_claims.py tests/unit/domain/test_lifecycle.py "
        "tests/unit/domain/test_order.py tests/proofs/property/test_lifecycle.py",
        f"tests/unit/usecases {_CONTRACTS}",
    ),
    Group(
        "usecases",
        ("shared/dexec/usecases/*.py",),
        "tests/unit/usecases",
        f"tests/proofs/exactly_once/test_notifying.py tests/proofs/exactly_once/test_fairness.py "
        f"tests/proofs/exactly_once/test_poison.py tests/proofs/exactly_once/test_leases.py {_CONTRACTS}",
    ),
    Group(
        "sql",
        ("shared/dexec/adapters/postgres/sql/*.sql",),
        'tests/contract -k "committed"',
        "tests/system/integration/test_sql.py tests/system/integration/test_operators.py "
        "tests/system/integration/test_races.py tests/system/integration/test_ledger.py "
        "tests/unit/adapters/postgres",
    ),
)

EXCLUDED = (
    # `X | None` of an annotation is never evaluated.
    "core/ReplaceBinaryOperator_BitOr_.*",
    # Of the operators that may stand for another, the opposite one: the rest fail at once, or do the same.
    "core/ReplaceBinaryOperator_Add_(?!Sub$).*",
    "core/ReplaceBinaryOperator_Sub_(?!Add$).*",
    "core/ReplaceBinaryOperator_Mul_(?!Div$).*",
    "core/ReplaceBinaryOperator_Div_(?!Mul$).*",
    "core/ReplaceBinaryOperator_FloorDiv_(?!Mul$).*",
    "core/ReplaceComparisonOperator_Is_(?!IsNot$).*",
    "core/ReplaceComparisonOperator_IsNot_(?!Is$).*",
    "core/ReplaceComparisonOperator_Eq_(?!NotEq$).*",
    "core/ReplaceComparisonOperator_NotEq_(?!Eq$).*",
    "core/ReplaceComparisonOperator_Lt_(?!LtE$|GtE$).*",
    "core/ReplaceComparisonOperator_LtE_(?!Lt$|Gt$).*",
    "core/ReplaceComparisonOperator_Gt_(?!GtE$|LtE$).*",
    "core/ReplaceComparisonOperator_GtE_(?!Gt$|Lt$).*",
    # Without @dataclass or @property nothing works.
    "core/RemoveDecorator",
)
"""Cosmic Ray's operators that are left out, as regular expressions."""
