"""Risk limits and halts, with the ports in memory: what is refused when placing, and before a signature."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from dexec.domain.errors import CommitUnknown, LeaseLost, NoVenue, StoreUnavailable, TradingHalted
from dexec.domain.halts import Stop, Switch
from dexec.domain.lifecycle import Status, Step
from dexec.domain.order import Change, Order, Refused
from dexec.domain.quote import Mode, Pair, RouteRequest
from dexec.domain.risk import Reservation, RiskLimits, RiskRefused, Rule
from dexec.domain.waiting.conditions import Limit
from dexec.domain.waiting.conditions import Stop as StopCondition
from dexec.domain.waiting.prices import Price
from dexec.domain.waiting.terms import Terms, TimeInForce
from dexec.ports import ApiKey
from dexec.usecases.halt import HaltUnconfirmed
from dexec.usecases.place_order import Submission
from dexec.usecases.redelivery import Redelivery
from dexec.usecases.risk import utc_day
from tests.proofs.simulation.world import SWAP, World
from tests.support.executed import ATTEMPT, execute, place, states, stored, told
from tests.support.fakes import Landing

PAIR = Pair("SOL", "USDC")
SMALL = RiskLimits(max_daily=100_000_000)
"""Less than the usual swap is worth."""

STOP = Terms(stop=StopCondition(Price("1", PAIR)))
EXITS = Terms(stop=StopCondition(Price("100000", Pair("USDC", "SOL"), of_out=True)))
OPEN, TRIGGERED, ROUTING = Status.OPEN, Status.TRIGGERED, Status.ROUTING


def limited(world: World, alice: ApiKey, limits: RiskLimits) -> ApiKey:
    """Set a client's limits and return its key as it would be found."""
    world.backend.risk.set("alice", limits, world.clock.now())
    return replace(alice, limits=limits)


def submit(world: World, caller: ApiKey, submission: Submission) -> Order:
    with world.tape.process():
        return world.place_order(submission, caller).order


def worth(world: World) -> int:
    """Return what the usual swap is worth at the reference, in base units of USDC."""
    (price,) = world.reference([PAIR]).prices.values()
    exact = SWAP.amount * price.reference
    return -(-exact.numerator // exact.denominator)


def used(world: World) -> int:
    return world.backend.risk.used("alice", utc_day(world.clock.now()), "USDC")


# --- placing -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limits", "rule"),
    [
        (RiskLimits(tokens=frozenset({"SOL"})), Rule.TOKENS),
        (RiskLimits(max_slippage_bps=49), Rule.MAX_SLIPPAGE),
        (RiskLimits(max_notional=100_000_000), Rule.MAX_NOTIONAL),
        (SMALL, Rule.MAX_DAILY),
    ],
)
def test_an_order_beyond_a_limit_is_not_placed(
    world: World, alice: ApiKey, limits: RiskLimits, rule: Rule
) -> None:
    with pytest.raises(RiskRefused) as refused:
        submit(world, limited(world, alice, limits), Submission(SWAP))
    assert refused.value.rule is rule
    assert world.backend.audit.histories() == []


@pytest.mark.parametrize("terms", [None, STOP], ids=["market", "stop"])
def test_an_order_may_be_worth_the_limit_to_the_unit(
    world: World, alice: ApiKey, terms: Terms | None
) -> None:
    most, submission = worth(world), Submission(SWAP, terms=terms)
    submit(world, limited(world, alice, RiskLimits(max_notional=most, max_daily=most)), submission)
    for limits in (RiskLimits(max_notional=most - 1), RiskLimits(max_daily=most - 1)):
        with pytest.raises(RiskRefused):
            submit(world, limited(world, alice, limits), submission)


def test_what_is_used_of_today_counts_for_what_is_executed_at_once(world: World, alice: ApiKey) -> None:
    caller = limited(world, alice, RiskLimits(max_daily=worth(world) * 3 // 2))
    assert execute(world, submit(world, caller, Submission(SWAP))) is None
    with pytest.raises(RiskRefused) as refused:
        submit(world, caller, Submission(SWAP))
    assert refused.value.rule is Rule.MAX_DAILY
    assert submit(world, caller, Submission(SWAP, terms=STOP)).status is OPEN, "its day is not known yet"
    world.clock.advance(86_400)
    submit(world, caller, Submission(SWAP))


def test_a_repeat_shows_what_it_placed_whatever_the_limits_are_by_then(world: World, alice: ApiKey) -> None:
    submission = Submission(SWAP, idempotency_key="k")
    order = submit(world, alice, submission)
    caller = limited(world, alice, SMALL)
    assert submit(world, caller, submission).id == order.id
    with pytest.raises(RiskRefused):
        submit(world, caller, replace(submission, idempotency_key="other"))


def test_an_order_that_cannot_be_valued_is_not_placed(world: World, alice: ApiKey) -> None:
    caller = limited(world, alice, RiskLimits(max_notional=10**12))
    for venue in world.venues:
        venue.failures = 1
    with pytest.raises(NoVenue, match="no venue prices SOL in USDC now"):
        submit(world, caller, Submission(SWAP))


def test_limits_that_need_no_price_ask_for_none(world: World, alice: ApiKey) -> None:
    for request in (SWAP, RouteRequest(Mode.EXACT_OUT, "SOL", "USDC", 5_000_000)):
        world.tape.calls.clear()
        submit(world, limited(world, alice, RiskLimits(max_slippage_bps=50)), Submission(request))
        assert world.tape.calls == ["orders.place", "queue.send"]
    world.tape.calls.clear()
    submit(world, limited(world, alice, RiskLimits(max_notional=5_000_000)), Submission(request))
    assert world.tape.calls == ["orders.place", "queue.send"], "it names an amount of the settlement token"


def test_orders_that_wait_are_bounded_in_number(world: World, alice: ApiKey) -> None:
    caller = limited(world, alice, RiskLimits(max_open=2))
    for _ in range(2):
        submit(world, caller, Submission(SWAP, terms=STOP))
    with pytest.raises(RiskRefused) as refused:
        submit(world, caller, Submission(SWAP, terms=STOP))
    assert (refused.value.rule, refused.value.observed, refused.value.allowed) == (Rule.MAX_OPEN, "3", "2")
    assert submit(world, caller, Submission(SWAP)).status is Status.PENDING


def test_a_bracket_counts_as_what_of_it_waits(world: World, alice: ApiKey) -> None:
    caller = limited(world, alice, RiskLimits(max_open=2))
    submit(world, caller, Submission(SWAP, exits=EXITS))
    with pytest.raises(RiskRefused) as refused:
        submit(world, caller, Submission(SWAP, terms=STOP, exits=EXITS))
    assert (refused.value.rule, refused.value.observed, refused.value.allowed) == (Rule.MAX_OPEN, "3", "2")
    submit(world, caller, Submission(SWAP, exits=EXITS))


# --- signing -----------------------------------------------------------------------------------------


def test_a_signature_is_reserved_at_the_reference_and_counts_as_filled(world: World, alice: ApiKey) -> None:
    caller = limited(world, alice, RiskLimits(max_daily=10**12))
    order = submit(world, caller, Submission(SWAP))
    seen: list[tuple[int, Reservation | None]] = []
    send = world.cluster.send

    def look(data: bytes) -> None:
        seen.append((used(world), stored(world, order).reserved))
        send(data)

    world.cluster.send = look  # type: ignore[method-assign]
    world.tape.calls.clear()
    assert execute(world, order) is None
    assert world.tape.calls.count("venue.read") == 2, "each venue once: the pools of its route know the price"
    at_reference = worth(world)
    assert seen == [(at_reference, Reservation(utc_day(world.clock.now()), at_reference, "USDC"))]
    fill = stored(world, order).fill
    assert fill is not None
    assert used(world) == fill.amount_out != at_reference


@pytest.mark.parametrize(
    ("limits", "rule"),
    [
        (RiskLimits(tokens=frozenset()), Rule.TOKENS),
        (RiskLimits(max_slippage_bps=49), Rule.MAX_SLIPPAGE),
        (RiskLimits(max_notional=100_000_000), Rule.MAX_NOTIONAL),
        (SMALL, Rule.MAX_DAILY),
    ],
)
@pytest.mark.parametrize("waits", [False, True])
def test_limits_hold_when_signing_too(
    world: World, alice: ApiKey, limits: RiskLimits, rule: Rule, waits: bool
) -> None:
    order = place(world, alice, Submission(SWAP, terms=STOP if waits else None))
    limited(world, alice, limits)
    assert execute(world, order) is None
    assert not world.signer.signed
    after, events = told(world, order.id)
    if waits and rule is Rule.MAX_DAILY:
        assert (after.status, events[-1].step) == (OPEN, Step.REFUSED)
        assert isinstance(events[-1].detail, Refused)
        assert events[-1].detail.rule == rule
    else:
        assert after.status is Status.FAILED
        assert after.error is not None
        assert after.error.code == "risk_refused"
        assert f"the risk limit {rule} allows" in after.error.message
    assert used(world) == 0


def test_the_collar_compares_the_route_with_the_reference_of_its_own_pools(
    world: World, alice: ApiKey
) -> None:
    large = replace(SWAP, amount=900 * 10**9, slippage_bps=10_000)
    decision = world.quote_route(large)
    price = world.reference([PAIR]).prices[PAIR].reference
    worse = 10_000 - decision.route.amount_out * 10_000 / (decision.route.amount_in * price)
    assert worse > 1
    order = submit(world, alice, Submission(large))
    limits = RiskLimits(collar_bps=int(worse))
    with pytest.raises(RiskRefused) as refused:
        world.check_risk.signing(limits, order, decision)
    assert refused.value.rule is Rule.COLLAR
    assert refused.value.observed == f"{int(worse) + 1} bps"
    assert world.check_risk.signing(RiskLimits(collar_bps=int(worse) + 1), order, decision) is None


def test_a_rule_that_holds_an_order_back_is_said_once(world: World, alice: ApiKey) -> None:
    order = place(world, alice, Submission(SWAP, terms=STOP))
    limited(world, alice, SMALL)
    for _ in range(3):
        assert execute(world, order) is None
        world.clock.advance(61)
        world.backend.audit.trigger(order.id)
    steps = [event.step for event in told(world, order.id)[1] if event.status is OPEN]
    assert steps == [None, Step.REFUSED, Step.RELEASED, Step.RELEASED]
    limited(world, alice, RiskLimits())
    assert execute(world, order) is None
    assert stored(world, order).status is Status.CONFIRMED


def test_what_is_to_try_once_is_cancelled_by_a_rule(world: World, alice: ApiKey) -> None:
    terms = Terms(limit=Limit(Price("1", PAIR)), time_in_force=TimeInForce.IOC)
    order = place(world, alice, Submission(SWAP, terms=terms))
    limited(world, alice, SMALL)
    assert execute(world, order) is None
    assert stored(world, order).status is Status.CANCELLED


def test_the_exit_of_a_bracket_is_never_too_large(world: World, alice: ApiKey) -> None:
    order = submit(world, alice, Submission(SWAP))
    decision = world.quote_route(SWAP)
    limits = RiskLimits(max_notional=1, max_daily=10**12)
    with pytest.raises(RiskRefused):
        world.check_risk.signing(limits, order, decision)
    reserved = world.check_risk.signing(limits, replace(order, entry_id="ord_1"), decision)
    assert reserved is not None
    assert reserved.amount == worth(world)


# --- halts -------------------------------------------------------------------------------------------

PAUSED = Switch(Stop.PAUSED, World().clock.now())
SWITCHES = [
    Switch(Stop.HALTED, World().clock.now()),
    Switch(Stop.HALTED, World().clock.now(), "alice"),
    Switch(Stop.REDUCING, World().clock.now(), token_out="SOL"),
    Switch(Stop.REDUCING, World().clock.now(), "alice", "SOL"),
]


@pytest.mark.parametrize("switch", SWITCHES, ids=lambda switch: switch.name)
def test_a_halt_refuses_and_holds_and_lets_go(world: World, alice: ApiKey, switch: Switch) -> None:
    order = place(world, alice, Submission(SWAP))
    world.halt.trading(switch)
    with pytest.raises(TradingHalted):
        submit(world, alice, Submission(SWAP))
    assert execute(world, order) == Redelivery(15, "trading is halted")
    back = (
        submit(world, alice, Submission(replace(SWAP, token_in="USDC", token_out="SOL", amount=5)))
        if (switch.stop is Stop.REDUCING)
        else None
    )
    assert back is None or back.status is Status.PENDING
    world.backend.control.lift([switch.stop], switch.client_id)
    assert execute(world, order) is None
    assert stored(world, order).status is Status.CONFIRMED


@pytest.mark.parametrize(
    "switch", [*SWITCHES, Switch(Stop.PAUSED, World().clock.now())], ids=lambda one: one.name
)
def test_what_had_triggered_rests_untriggered_while_halted(
    world: World, alice: ApiKey, switch: Switch
) -> None:
    order = place(world, alice, Submission(SWAP, terms=STOP))
    world.halt.trading(switch)
    world.tape.calls.clear()
    assert execute(world, order) is None, "its message is done with"
    assert "venue.read" not in world.tape.calls
    after, events = told(world, order.id)
    assert states(world, order) == [OPEN, TRIGGERED, ROUTING, OPEN]
    assert after.waiting is not None
    assert (after.waiting.fired, after.waiting.rests, after.lease_token) == (None, 0, None)
    assert events[-1].step is Step.RELEASED
    assert len(world.backend.audit.waiting()) == 1
    world.backend.control.lift([switch.stop], switch.client_id)
    world.backend.audit.trigger(order.id)
    assert execute(world, order) is None
    assert stored(world, order).status is Status.CONFIRMED


@pytest.mark.parametrize("lost", [None, LeaseLost("lost"), StoreUnavailable("lost"), CommitUnknown("lost")])
def test_a_halt_between_routing_and_signing_lets_what_waits_rest(
    world: World, alice: ApiKey, monkeypatch: pytest.MonkeyPatch, lost: Exception | None
) -> None:
    order = place(world, alice, Submission(SWAP, terms=STOP))
    blockhash = world.cluster.latest_blockhash

    def halt_first() -> object:
        # As a halt does whose look at the leases comes after the save that it forestalls.
        world.backend.control.stop(Switch(Stop.HALTED, world.clock.now()))
        return blockhash()

    save = world.backend.orders.save

    def save_or_lose(change: Change) -> object:
        if lost is not None and change.after.status is OPEN:
            raise lost
        return save(change)

    monkeypatch.setattr(world.cluster, "latest_blockhash", halt_first)
    monkeypatch.setattr(world.backend.orders, "save", save_or_lose)
    redelivery = execute(world, order)
    assert not world.signer.signed
    if lost is not None:
        assert redelivery is not None
        assert (redelivery.reason, states(world, order)) == ("lost", [OPEN, TRIGGERED, ROUTING])
        return
    assert redelivery is None
    assert states(world, order) == [OPEN, TRIGGERED, ROUTING, OPEN]


def test_what_is_submitted_settles_while_halted_and_is_not_signed_again(world: World, alice: ApiKey) -> None:
    world.cluster.landings = [Landing.DROPPED]
    order = place(world, alice, Submission(SWAP, terms=STOP))
    execute(world, order)
    assert stored(world, order).status is Status.SUBMITTED
    world.halt.trading(Switch(Stop.HALTED, world.clock.now()))
    world.clock.advance(120)
    assert execute(world, order) is None
    assert states(world, order) == [OPEN, TRIGGERED, *ATTEMPT, ROUTING, OPEN]
    assert len(world.signer.signed[order.id]) == 1


def test_a_halt_asks_until_every_lease_has_run_out(world: World, alice: ApiKey) -> None:
    order = place(world, alice, Submission(SWAP))
    now = world.clock.now()
    world.backend.orders.claim(order.id, "mine", now, now + timedelta(seconds=25))
    away, left = 3, list[float]()
    leased = world.halt.control.leased

    def asked(client_id: str | None) -> tuple[Order, ...]:
        if len(left) < away:
            raise StoreUnavailable("the order store cannot be reached")
        return leased(client_id)

    world.halt.control.leased = asked  # type: ignore[method-assign]
    halted = world.halt.trading(Switch(Stop.HALTED, now), left.append)
    assert halted.stopped == (order.id,)
    assert left == [25, 24, 23]
    away = 1_000
    left.clear()
    with pytest.raises(HaltUnconfirmed):
        world.halt.trading(Switch(Stop.HALTED, now), left.append)
    assert len(left) == 25


def test_a_halt_but_for_one_token_leaves_what_reduces_alone(world: World, alice: ApiKey) -> None:
    order = place(world, alice, Submission(SWAP))
    now = world.clock.now()
    world.backend.orders.claim(order.id, "mine", now, now + timedelta(seconds=25))
    assert world.halt.trading(Switch(Stop.REDUCING, now, token_out="USDC")).stopped == ()
    assert stored(world, order).lease_token == "mine"
    assert world.halt.trading(Switch(Stop.REDUCING, now, token_out="SOL")).stopped == (order.id,)
