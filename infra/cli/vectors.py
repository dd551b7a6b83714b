"""``dexec check-vectors``: compares the pool arithmetic with recorded swaps of the venues' programs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

from pydantic import Discriminator, StrictBool, StrictInt, Tag, TypeAdapter

from dexec.domain.errors import InsufficientLiquidity
from dexec.domain.pools import ConstantProductPool, swap_exact_in
from infra.cli.order_vectors import OrderFile
from infra.cli.pool_files import U64, DlmmState, PoolFileError, Positive, Strict, read_file


class ConstantProductCase(Strict):
    """One swap on one pair of reserves."""

    mode: Literal["exact_in", "exact_out"]
    reserve_in: Positive
    reserve_out: Positive
    amount_in: U64
    amount_out: U64

    def difference(self) -> str | None:
        """Return what differs from the engine's arithmetic, or nothing."""
        curve = ConstantProductPool(
            "vector", "raydium", "in", "out", self.reserve_in, self.reserve_out
        ).curve("in")
        if self.mode == "exact_in":
            return _compare("amount_out", self.amount_out, lambda: curve.exact_in(self.amount_in))
        return _compare("amount_in", self.amount_in, lambda: curve.exact_out(self.amount_out))


class ConstantProductFile(Strict):
    """Swaps on constant product pools."""

    venue: Literal["raydium"]
    pool: str = ""
    cases: list[ConstantProductCase]

    def differences(self) -> Iterator[str | None]:
        """Yield each case's difference, or ``None`` where there is none."""
        for number, case in enumerate(self.cases):
            difference = case.difference()
            yield difference and f"case {number}: {difference}"


class DlmmCase(Strict):
    """One swap from a pool's initial state, ``elapsed_s`` seconds after its last swap."""

    swap_for_y: StrictBool
    amount_in: U64
    elapsed_s: U64
    amount_out: U64
    active_bin_after: StrictInt


class DlmmVectorPool(DlmmState):
    """A pool with its swaps."""

    cases: list[DlmmCase]

    def difference(self, case: DlmmCase) -> str | None:
        """Return what differs from the engine's arithmetic, or nothing."""
        pool = self.pool("vector", "meteora", ("x", "y"), case.elapsed_s)
        token_in = "x" if case.swap_for_y else "y"
        amount = case.amount_in
        return _compare(
            "amount_out", case.amount_out, lambda: pool.curve(token_in).exact_in(amount)
        ) or _compare(
            "active_bin_after",
            case.active_bin_after,
            lambda: swap_exact_in(pool, token_in, amount).after.active_bin,
        )


class DlmmFile(Strict):
    """Swaps on DLMM pools."""

    venue: Literal["meteora_dlmm"]
    pools: list[DlmmVectorPool]

    def differences(self) -> Iterator[str | None]:
        """Yield each case's difference, or ``None`` where there is none."""
        for index, pool in enumerate(self.pools):
            for number, case in enumerate(pool.cases):
                difference = pool.difference(case)
                yield difference and f"pool {index}, case {number}: {difference}"


DLMM_WITH_ORDERS = "meteora_dlmm with bin_fields"


def _form_of(content: object) -> object:
    """Return which form a file has: the venue, and whether its bins have columns for limit orders."""
    if not isinstance(content, dict):
        return "no object"
    venue = content.get("venue", "no venue")
    return DLMM_WITH_ORDERS if venue == "meteora_dlmm" and "bin_fields" in content else venue


VectorFile = Annotated[
    Annotated[ConstantProductFile, Tag("raydium")]
    | Annotated[DlmmFile, Tag("meteora_dlmm")]
    | Annotated[OrderFile, Tag(DLMM_WITH_ORDERS)],
    Discriminator(_form_of),
]
_FORM: TypeAdapter[ConstantProductFile | DlmmFile | OrderFile] = TypeAdapter(VectorFile)


class Outcome(NamedTuple):
    """How many cases passed and failed, and a line for each difference."""

    passed: int
    failed: int
    differences: list[str]


def check_vectors(paths: Iterable[Path]) -> Outcome:
    """Run every case of the files; ``PoolFileError`` when one cannot be read as a vector file."""
    passed, differences = 0, []
    for path in paths:
        content = read_file(path, _FORM)
        try:
            for difference in content.differences():
                if difference:
                    differences.append(f"{path}: {difference}")
                else:
                    passed += 1
        except ValueError as exc:
            raise PoolFileError(f"{path}: {exc}") from exc
    return Outcome(passed, len(differences), differences)


def run(paths: Iterable[Path], say: Callable[[str], None]) -> int:
    """Body of the command: say each difference and the totals last; return the exit code."""
    try:
        outcome = check_vectors(paths)
    except PoolFileError as fault:
        say(f"cannot check: {fault}")
        return 1
    for difference in outcome.differences:
        say(difference)
    say(f"{outcome.passed} passed, {outcome.failed} failed")
    return 1 if outcome.failed else 0


def _compare(name: str, expected: int, ours: Callable[[], int]) -> str | None:
    try:
        got = ours()
    except InsufficientLiquidity as exc:
        return f"{name} should be {expected}, but {exc}"
    return None if got == expected else f"{name} should be {expected}, computed {got}"
