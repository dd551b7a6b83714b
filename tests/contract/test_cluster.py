"""What every implementation of the ``Cluster`` port does: the paper cluster on PostgreSQL, and the fake."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import pytest

from dexec.adapters.paper import paper_chain
from dexec.adapters.paper.simulator import (
    BLOCKHASH_SLOTS,
    SLOT,
    STARTING_BALANCES,
    Booking,
    Moves,
    PaperLedger,
    Posting,
)
from dexec.adapters.postgres.database import Database
from dexec.domain.errors import (
    BlockhashExpired,
    InsufficientFunds,
    InsufficientLiquidity,
    OrderFailed,
    SlippageExceeded,
)
from dexec.domain.order import SignedTransaction
from dexec.domain.quote import Mode, PlanLeg, SwapPlan
from dexec.ports import CannotLand, Cluster, Landed, Pending, Signer, Wallets
from tests.contract.conftest import STORES, connect_to
from tests.support.fakes import FakeClock, FakeCluster, FakeSigner, FakeWallets

SLOT_S = SLOT.total_seconds()
SEED = 7
SOL_IN = 1_500_000_000


@dataclass
class Stage:
    """A cluster, what signs for it, what its wallets hold, and the time it lives in."""

    cluster: Cluster
    signer: Signer
    wallets: Wallets
    clock: FakeClock
    inside_send: Callable[[Callable[[], None]], None]
    """Sets what runs in the next ``send``, after its check of the blockhash and before its write."""

    @property
    def height(self) -> int:
        return self.cluster.latest_blockhash().last_valid_block_height - BLOCKHASH_SLOTS

    def sign(self, order_id: str = "ord_1", amount: int = SOL_IN, limit: int = 1) -> SignedTransaction:
        leg = PlanLeg("raydium", "raydium:SOL-USDC", 1, "SOL", "USDC", amount)
        plan = SwapPlan(Mode.EXACT_IN, "SOL", "USDC", amount, limit, (leg,))
        return self.signer.sign(order_id, "alice", plan, self.cluster.latest_blockhash())

    def moved(self) -> dict[str, int]:
        held = self.wallets.balances("alice")
        changes = {symbol: held[symbol] - STARTING_BALANCES[symbol] for symbol in held}
        return {symbol: change for symbol, change in changes.items() if change}


class InterruptedLedger(PaperLedger):
    """A ledger that is interrupted right before its next write of a transaction."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.interruption: Callable[[], None] | None = None

    def interrupt(self, interruption: Callable[[], None]) -> None:
        self.interruption = interruption

    def settle(self, posting: Posting, moves: Moves, bookings: Sequence[Booking], fill: str) -> None:
        self._interrupted()
        super().settle(posting, moves, bookings, fill)

    def refuse(self, posting: Posting, error: str) -> None:
        self._interrupted()
        super().refuse(posting, error)

    def _interrupted(self) -> None:
        interruption, self.interruption = self.interruption, None
        if interruption is not None:
            interruption()


class Opening(Protocol):
    """Makes a stage whose transactions take up to 5 s to land, or land at once."""

    def __call__(self, *, slow: bool = False) -> Stage: ...


@pytest.fixture(params=STORES)
def opening(request: pytest.FixtureRequest) -> Iterator[Opening]:
    """Return the fake, then the paper cluster on each store."""
    clock = FakeClock()

    def in_memory(*, slow: bool = False) -> Stage:
        cluster = FakeCluster(clock, 5.0 if slow else 0.0)
        return Stage(
            cluster,
            FakeSigner(),
            FakeWallets(cluster),
            clock,
            lambda interruption: setattr(cluster, "inside_send", interruption),
        )

    if request.param == "in memory":
        yield in_memory
        return
    database = Database(connect_to(request))

    def on_paper(*, slow: bool = False) -> Stage:
        ledger = InterruptedLedger(database)
        chain = paper_chain(lambda: ledger, clock, seed=SEED, latency="congested" if slow else "none")
        return Stage(chain.cluster, chain.signer, chain.wallets, clock, ledger.interrupt)

    yield on_paper
    database.close()


@pytest.fixture
def stage(opening: Opening) -> Stage:
    """Return a stage whose transactions land at once."""
    return opening()


def test_a_transaction_lands_and_moves_both_tokens(stage: Stage) -> None:
    signed, bobs = stage.sign(), stage.wallets.balances("bob")
    assert stage.cluster.look(signed) == Pending()
    stage.cluster.send(signed.data)
    landed = stage.cluster.look(signed)
    assert isinstance(landed, Landed)
    assert landed.fill is not None
    assert landed.error is None
    assert landed.fill.amount_in == SOL_IN
    assert stage.moved() == {"SOL": -SOL_IN, "USDC": landed.fill.amount_out}
    assert stage.wallets.balances("bob") == bobs


def test_sending_again_is_harmless(stage: Stage) -> None:
    signed = stage.sign()
    for _ in range(3):
        stage.cluster.send(signed.data)
        stage.clock.advance(1)
    assert stage.moved()["SOL"] == -SOL_IN


def test_two_transactions_are_two_swaps(stage: Stage) -> None:
    for order_id in ("ord_1", "ord_2"):
        stage.cluster.send(stage.sign(order_id).data)
    assert stage.moved()["SOL"] == -2 * SOL_IN


def test_a_transaction_beyond_its_limit_lands_and_moves_nothing(stage: Stage) -> None:
    signed = stage.sign(limit=10**15)
    try:
        stage.cluster.send(signed.data)
    except SlippageExceeded:
        pytest.fail("a cluster says how a transaction ended when it is asked")
    landed = stage.cluster.look(signed)
    assert isinstance(landed, Landed)
    assert landed.fill is None
    assert isinstance(landed.error, SlippageExceeded)
    assert landed.error.required == 10**15
    assert stage.moved() == {}


def test_a_wallet_pays_no_more_than_it_holds(stage: Stage) -> None:
    held = STARTING_BALANCES["SOL"]
    too_much = stage.sign("ord_1", held + 1)
    stage.cluster.send(too_much.data)
    landed = stage.cluster.look(too_much)
    assert isinstance(landed, Landed)
    assert isinstance(landed.error, InsufficientFunds)
    assert stage.moved() == {}


@pytest.mark.parametrize("amount", [2**63, 2**64 - 1])
def test_more_than_a_balance_can_hold_is_refused_on_chain(stage: Stage, amount: int) -> None:
    too_much = stage.sign("ord_1", amount)
    stage.cluster.send(too_much.data)
    landed = stage.cluster.look(too_much)
    assert isinstance(landed, Landed), "what is refused must not look as if it had not arrived"
    assert isinstance(landed.error, InsufficientLiquidity)
    assert stage.moved() == {}


def test_an_expired_blockhash_is_refused(stage: Stage) -> None:
    signed = stage.sign()
    stage.clock.advance(151 * SLOT_S)
    with pytest.raises(BlockhashExpired):
        stage.cluster.send(signed.data)
    assert stage.cluster.look(signed) == CannotLand(signed.last_valid_block_height + 1)


def test_the_last_valid_block_is_still_good(stage: Stage) -> None:
    signed = stage.sign()
    stage.clock.advance(150 * SLOT_S)
    assert stage.height == signed.last_valid_block_height
    stage.cluster.send(signed.data)
    assert isinstance(stage.cluster.look(signed), Landed)


@pytest.mark.parametrize("slots_left", range(14))
def test_what_is_not_seen_past_its_last_block_never_lands(opening: Opening, slots_left: int) -> None:
    stage = opening(slow=True)
    signed = stage.sign(f"ord_{slots_left}")
    stage.clock.advance((150 - slots_left) * SLOT_S)
    stage.cluster.send(signed.data)
    stage.clock.advance((slots_left + 1) * SLOT_S)
    seen = stage.cluster.look(signed)
    assert isinstance(seen, Landed) or seen == CannotLand(signed.last_valid_block_height + 1)
    stage.clock.advance(60)
    assert stage.cluster.look(signed) == seen
    assert stage.moved().get("SOL", 0) == (-SOL_IN if isinstance(seen, Landed) else 0)


@pytest.mark.parametrize("limit", [1, 10**15], ids=["it would fill", "it would slip"])
def test_what_was_ruled_out_never_lands_though_a_send_was_under_way(opening: Opening, limit: int) -> None:
    stage = opening()
    signed = stage.sign(limit=limit)
    ruled_out = CannotLand(signed.last_valid_block_height + 1)
    seen = []

    def expire_and_look() -> None:
        stage.clock.advance(151 * SLOT_S)
        seen.append(stage.cluster.look(signed))

    stage.inside_send(expire_and_look)
    stage.cluster.send(signed.data)
    assert seen == [ruled_out]
    stage.clock.advance(60)
    assert stage.cluster.look(signed) == ruled_out
    assert stage.moved() == {}


def test_what_settled_before_it_was_ruled_out_has_landed(stage: Stage) -> None:
    signed = stage.sign()
    stage.inside_send(lambda: stage.clock.advance(151 * SLOT_S))
    stage.cluster.send(signed.data)
    assert isinstance(stage.cluster.look(signed), Landed)
    assert stage.moved()["SOL"] == -SOL_IN


def test_what_is_sent_shows_when_it_lands(opening: Opening) -> None:
    stage = opening(slow=True)
    signed = stage.sign()
    stage.cluster.send(signed.data)
    assert stage.cluster.look(signed) == Pending()
    stage.clock.advance(5)
    landed = stage.cluster.look(signed)
    assert isinstance(landed, Landed)
    assert landed.slot <= stage.height


def test_nothing_lands_before_the_cluster_says_that_it_can(opening: Opening) -> None:
    stage = opening(slow=True)
    stage.cluster.send((signed := stage.sign()).data)
    assert stage.cluster.lands_after_s > 1
    stage.clock.advance(stage.cluster.lands_after_s - 0.001)
    assert stage.cluster.look(signed) == Pending()
    assert opening().cluster.lands_after_s == 0


def test_the_height_grows_with_time(stage: Stage) -> None:
    before = stage.cluster.latest_blockhash().last_valid_block_height
    stage.clock.advance(10 * SLOT_S)
    assert stage.cluster.latest_blockhash().last_valid_block_height == before + 10


def test_simulating_has_no_effect(stage: Stage) -> None:
    signed = stage.sign()
    simulated = stage.cluster.simulate(signed.data)
    assert simulated.fill is not None
    assert stage.cluster.look(signed) == Pending()
    assert stage.moved() == {}
    rich = stage.sign(amount=STARTING_BALANCES["SOL"] + 1)
    assert isinstance(stage.cluster.simulate(rich.data).error, InsufficientFunds)


def garbled(data: bytes) -> bytes:
    return b"\xff" + data[1:-1]


@pytest.mark.parametrize("spoil", [garbled, lambda data: b"", lambda data: b"{}"])
def test_bytes_that_no_cluster_takes_fail_the_order(stage: Stage, spoil: Callable[[bytes], bytes]) -> None:
    with pytest.raises(OrderFailed):
        stage.cluster.send(spoil(stage.sign().data))


def test_each_transaction_has_a_signature_of_its_own(stage: Stage) -> None:
    first = stage.sign()
    stage.clock.advance(SLOT_S)
    assert stage.sign().signature != first.signature
