"""What is refused before it is signed: limits that the market does not give, deadlines that have passed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dexec.domain.lifecycle import Status
from dexec.domain.order import Change, Order
from dexec.domain.quote import Mode, RouteRequest
from dexec.domain.recorded import RecordedRoute
from dexec.domain.tokens import format_units
from tests.proofs.simulation.world import SWAP, World
from tests.support.executed import error, execute, placed, states, stored
from tests.support.fakes import FakeWallets, Landing

PENDING, ROUTING, CONFIRMED, FAILED = Status.PENDING, Status.ROUTING, Status.CONFIRMED, Status.FAILED


def live(world: World, order: Order) -> None:
    """Execute an order, delivery after delivery, until its message is done with."""
    for _ in range(10):
        if execute(world, order) is None:
            return
        world.clock.sleep(25)


@pytest.mark.parametrize(
    ("request_", "would"),
    [
        (replace(SWAP, limit=155 * 10**9), "would receive {} USDC, minAmountOut is 155000 USDC"),
        (
            replace(SWAP, mode=Mode.EXACT_OUT, amount=150 * 10**6, limit=1),
            "would pay {} SOL, maxAmountIn is 0.000000001 SOL",
        ),
    ],
)
def test_what_the_market_does_not_give_is_not_signed(
    world: World, request_: RouteRequest, would: str
) -> None:
    order = placed(world, request_)
    assert execute(world, order) is None
    assert states(world) == [PENDING, ROUTING, ROUTING, ROUTING, FAILED], "three attempts, at once"
    assert error(world) == "slippage_exceeded"
    failure = stored(world).error
    assert failure is not None
    route = world.quote_route(request_).route
    quoted = route.amount_out if request_.mode is Mode.EXACT_IN else route.amount_in
    assert failure.message == would.format(format_units(quoted, request_.open_token))
    assert not world.signer.signed


@pytest.mark.parametrize("request_", [SWAP, replace(SWAP, mode=Mode.EXACT_OUT, amount=150 * 10**6)])
def test_a_limit_that_the_quote_just_meets_is_signed_and_enforced(
    world: World, request_: RouteRequest
) -> None:
    found = world.quote_route(request_).route
    quoted = found.amount_out if request_.mode is Mode.EXACT_IN else found.amount_in
    order = placed(world, replace(request_, slippage_bps=10_000, limit=quoted))
    assert execute(world, order) is None
    assert states(world)[-1] is CONFIRMED
    ((_, events),) = world.backend.audit.histories()
    (route,) = (event.detail for event in events if isinstance(event.detail, RecordedRoute))
    assert route.limit == quoted


def test_past_its_deadline_an_order_expires_before_anything_is_asked(world: World) -> None:
    order = placed(world, replace(SWAP, deadline_s=30))
    world.clock.sleep(30)
    world.tape.calls.clear()
    assert execute(world, order) is None
    assert (states(world), error(world)) == ([PENDING, ROUTING, Status.EXPIRED], "deadline_passed")
    assert world.tape.calls == ["orders.claim", "orders.save"]


def test_after_a_deadline_that_passes_while_its_route_is_stored_nothing_is_signed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = placed(world, replace(SWAP, deadline_s=30))
    world.clock.sleep(28.5)
    save = world.backend.orders.save

    def slowly(change: Change) -> object:
        watchers = save(change)
        world.clock.advance(1.5)
        return watchers

    monkeypatch.setattr(world.backend.orders, "save", slowly)
    assert execute(world, order) is None
    assert (states(world)[-2:], error(world)) == ([Status.BUILDING, Status.EXPIRED], "deadline_passed")
    assert not world.signer.signed


def test_a_signature_whose_blockhash_expired_past_the_deadline_is_the_last(world: World) -> None:
    world.cluster.landings = [Landing.DROPPED]
    order = placed(world, replace(SWAP, deadline_s=30))
    live(world, order)
    assert (states(world)[-1], error(world)) == (Status.EXPIRED, "deadline_passed")
    assert len(world.signer.signed[order.id]) == 1


def test_what_is_signed_before_the_deadline_settles_after_it(world: World) -> None:
    world.cluster.landings = [Landing.LATE]
    order = placed(world, replace(SWAP, deadline_s=30))
    live(world, order)
    assert states(world)[-1] is CONFIRMED


def test_more_than_the_wallet_holds_is_refused_before_anything_is_asked_or_signed(world: World) -> None:
    order = placed(world, replace(SWAP, amount=10_000 * 10**9 + 1))
    world.tape.calls.clear()
    assert execute(world, order) is None
    assert (states(world), error(world)) == ([PENDING, ROUTING, FAILED], "insufficient_funds")
    failure = stored(world).error
    assert failure is not None
    assert failure.message == "Insufficient balance: needs 10000.000000001 SOL, has 10000 SOL"
    assert world.tape.calls == ["orders.claim", "orders.save"]
    assert not world.signer.signed


def test_a_token_that_the_wallet_has_none_of_is_not_spent(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakeWallets, "balances", lambda *_: {})
    order = placed(world, replace(SWAP, amount=1))
    assert execute(world, order) is None
    failure = stored(world).error
    assert failure is not None
    assert failure.message == "Insufficient balance: needs 0.000000001 SOL, has 0 SOL"


def test_what_an_exact_output_costs_is_compared_with_the_balance(world: World) -> None:
    request_ = replace(SWAP, mode=Mode.EXACT_OUT, amount=1_600_000 * 10**6)
    needed = world.quote_route(request_).route.amount_in
    assert needed > 10_000 * 10**9
    order = placed(world, request_)
    assert execute(world, order) is None
    assert (states(world), error(world)) == ([PENDING, ROUTING, FAILED], "insufficient_funds")
    failure = stored(world).error
    assert failure is not None
    assert failure.message == f"Insufficient balance: needs {format_units(needed, 'SOL')} SOL, has 10000 SOL"


def test_a_balance_that_is_just_enough_is_spent(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    order = placed(world, replace(SWAP, amount=10_000 * 10**9))
    balances = FakeWallets.balances
    asked: list[str] = []

    def counted(wallets: FakeWallets, client_id: str) -> dict[str, int]:
        asked.append(client_id)
        return balances(wallets, client_id)

    monkeypatch.setattr(FakeWallets, "balances", counted)
    assert execute(world, order) is None
    assert states(world)[-1] is CONFIRMED
    assert asked == ["alice"], "once, as the claim of an order in memory says nothing of its wallet"


def test_what_is_spent_between_signing_and_landing_fails_on_chain_without_another_attempt(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakeWallets, "balances", lambda *_: {"SOL": 2 * 10**18})
    order = placed(world, replace(SWAP, amount=10_001 * 10**9))
    assert execute(world, order) is None
    assert states(world) == [PENDING, ROUTING, Status.BUILDING, Status.SUBMITTED, FAILED]
    assert error(world) == "insufficient_funds"
