"""What every store does with risk limits: it keeps them, and counts what is signed against a day."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from dexec.domain.errors import IdempotencyConflict, LeaseLost, StaleSeq, TradingHalted
from dexec.domain.halts import Stop, Switch
from dexec.domain.lifecycle import Status
from dexec.domain.order import Change, Order, build, confirm, fail, submit, try_again
from dexec.domain.risk import Reservation, RiskLimits, RiskRefused, Rule
from dexec.domain.waiting.steps import untrigger
from dexec.domain.waiting.terms import Terms
from dexec.ports import ClaimOutcome, NewOrder, RateLimit
from tests.contract.samples import (
    FILL,
    NOW,
    ROUTE,
    SLOW,
    TRANSACTION,
    after,
    built,
    claim,
    claimed,
    failure,
    new_order,
    place,
    stored,
    submitted,
    trading_key,
)
from tests.contract.waiting_samples import LIMIT, amending, bracket, open_order, triggered, waiting
from tests.proofs.simulation.backend import Backend

TODAY = date(NOW.year, NOW.month, NOW.day)
LIMITS = RiskLimits(500_000_000, 1_000_000_000, 7, frozenset({"SOL", "USDC"}), 100, 50)
HUGE = RiskLimits(max_notional=2**63 - 1, max_daily=2**63 - 1)


def used(store: Backend, client_id: str = "alice", day: date = TODAY) -> int:
    return store.risk.used(client_id, day, "USDC")


def signing(
    store: Backend, amount: int, client_id: str = "alice", day: date = TODAY, token: str = "USDC"
) -> Change:
    """Return the change that stores the signature of a new order that counts for ``amount``."""
    return submit(built(store, client_id), NOW, TRANSACTION, Reservation(day, amount, token))


def signed(store: Backend, amount: int) -> Order:
    change = signing(store, amount)
    store.orders.save(change)
    return change.after


# --- limits ------------------------------------------------------------------------------------------


def test_limits_are_kept_replaced_and_removed(store: Backend) -> None:
    assert store.risk.limits() == {}
    assert not store.risk.clear("alice")
    store.risk.set("alice", LIMITS, NOW)
    store.risk.set("bob", HUGE, NOW)
    assert store.risk.limits() == {"alice": LIMITS, "bob": HUGE}
    store.risk.set("alice", RiskLimits(tokens=frozenset()), after(1))
    assert store.risk.limits("alice") == {"alice": RiskLimits(tokens=frozenset())}
    assert store.risk.clear("alice")
    assert store.risk.limits() == {"bob": HUGE}


def test_a_key_and_a_claim_tell_the_limits_of_their_client(store: Backend) -> None:
    store.risk.set("alice", LIMITS, NOW)
    for name, limits in (("alice", LIMITS), ("bob", None)):
        found = store.api_keys.find(trading_key(name).key_hash)
        assert found is not None
        assert found.limits == limits
        assert claim(store, place(store, name)).limits == limits


# --- the day -----------------------------------------------------------------------------------------


def test_a_signature_is_counted_until_it_cannot_land_and_a_fill_by_what_it_was(store: Backend) -> None:
    store.risk.set("alice", LIMITS, NOW)
    store.risk.set("bob", RiskLimits(max_daily=1), NOW)
    uncounted = submitted(store, place(store))
    filled, lost, failed = signed(store, 100), signed(store, 20), signed(store, 3)
    assert stored(store, filled).reserved == Reservation(TODAY, 100, "USDC")
    assert stored(store, uncounted).reserved is None
    assert used(store) == 123
    store.orders.save(try_again(lost, NOW, failure("blockhash_expired")))
    assert used(store) == 103
    store.orders.save(fail(failed, NOW, failure("order_failed")))
    assert used(store) == 100
    store.orders.save(confirm(filled, NOW, FILL))
    assert used(store) == FILL.amount_out
    assert stored(store, filled).reserved == Reservation(TODAY, FILL.amount_out, "USDC")
    assert stored(store, lost).reserved is None
    assert used(store, "bob") == 0


def test_a_signature_beyond_the_day_is_not_stored(store: Backend) -> None:
    store.risk.set("alice", LIMITS, NOW)
    signed(store, 999_999_999)
    change = signing(store, 2)
    with pytest.raises(RiskRefused) as refused:
        store.orders.save(change)
    assert refused.value.rule is Rule.MAX_DAILY
    assert (refused.value.observed, refused.value.allowed) == ("1000.000001 USDC", "1000 USDC")
    assert stored(store, change.before) == change.before
    assert used(store) == 999_999_999
    store.orders.save(fail(change.before, NOW, refused.value.failure()))
    signed(store, 1)
    assert used(store) == 1_000_000_000


def test_the_first_signature_of_a_day_may_be_too_much_as_well(store: Backend) -> None:
    store.risk.set("alice", LIMITS, NOW)
    change = signing(store, 1_000_000_001)
    with pytest.raises(RiskRefused):
        store.orders.save(change)
    assert used(store) == 0
    store.orders.save(submit(change.before, NOW, TRANSACTION, Reservation(TODAY, 1_000_000_000, "USDC")))
    assert used(store) == 1_000_000_000


def test_days_and_tokens_are_counted_apart(store: Backend) -> None:
    store.risk.set("alice", LIMITS, NOW)
    later, order = date(2040, 1, 1), signed(store, 10)
    for change in (signing(store, 999_999_999, day=later), signing(store, 7, token="USDT")):
        store.orders.save(change)
    store.orders.save(signing(store, 5, "bob"))
    assert (used(store), store.risk.used("alice", TODAY, "USDT")) == (10, 7)
    store.orders.save(fail(order, NOW, failure("order_failed")))
    assert (used(store), store.risk.used("alice", TODAY, "USDT")) == (0, 7)
    assert (used(store, day=later), used(store, "bob")) == (999_999_999, 5)


def test_what_a_fill_was_replaces_what_its_own_signature_counted_for(store: Backend) -> None:
    order = signed(store, 40)
    building = build(triggered(store, open_order(store)), NOW, ROUTE)
    store.orders.save(building)
    other = submit(building.after, NOW, TRANSACTION, Reservation(TODAY, 40, "USDC"))
    store.orders.save(other)
    assert other.after.seq == order.seq + 1, "as far as the fill is"
    store.orders.save(confirm(order, NOW, FILL))
    assert stored(store, other.after) == other.after
    assert used(store) == FILL.amount_out + 40


def test_limits_that_were_lowered_or_removed_hold_no_fill_back(store: Backend) -> None:
    store.risk.set("alice", LIMITS, NOW)
    one, other = signed(store, 600_000_000), signed(store, 300_000_000)
    store.risk.set("alice", replace(LIMITS, max_daily=1), NOW)
    store.orders.save(confirm(one, NOW, FILL))
    store.risk.clear("alice")
    store.orders.save(confirm(other, NOW, FILL))
    signed(store, 5_000_000_000)
    assert used(store) == 2 * FILL.amount_out + 5_000_000_000


def test_a_save_that_lost_its_lease_counts_nothing(store: Backend) -> None:
    store.risk.set("alice", LIMITS, NOW)
    change = signing(store, 100)
    claimed(store, change.before, "other", after(25))
    with pytest.raises(LeaseLost):
        store.orders.save(change)
    assert used(store) == 0
    order = signed(store, 40)
    later = claimed(store, order, "other", after(25))
    assert later.reserved == Reservation(TODAY, 40, "USDC")
    for late in (confirm(order, NOW, FILL), try_again(order, NOW, failure("blockhash_expired"))):
        with pytest.raises(LeaseLost):
            store.orders.save(late)
    assert used(store) == 40
    store.orders.save(try_again(later, after(25), failure("blockhash_expired")))
    with pytest.raises(LeaseLost):
        store.orders.save(confirm(order, NOW, FILL))
    assert used(store) == 0


def test_a_signature_is_counted_once(store: Backend) -> None:
    change = signing(store, 40)
    store.orders.save(change)
    with pytest.raises(LeaseLost):
        store.orders.save(change)
    assert used(store) == 40
    signed(store, 0)
    assert used(store) == 40


def test_an_amount_beyond_any_integer_type_is_counted_exactly(store: Backend) -> None:
    store.risk.set("alice", RiskLimits(max_daily=10**30), NOW)
    for _ in range(2):
        signed(store, 2**63 - 1)
    assert used(store) == 2 * (2**63 - 1)


def test_without_limits_nothing_is_counted(store: Backend) -> None:
    building = build(claimed(store, place(store)), NOW, ROUTE)
    store.orders.save(building)
    store.orders.save(submit(building.after, NOW, TRANSACTION))
    assert used(store) == 0
    assert stored(store, building.after).reserved is None


# --- halts -------------------------------------------------------------------------------------------

HALTED = Switch(Stop.HALTED, NOW)
HALTED_ALICE = Switch(Stop.HALTED, NOW, "alice")
REDUCING = Switch(Stop.REDUCING, NOW, token_out="USDT")
REDUCING_ALICE = Switch(Stop.REDUCING, NOW, "alice", "USDT")


@pytest.mark.parametrize("switch", [HALTED, HALTED_ALICE, REDUCING, REDUCING_ALICE])
def test_a_halt_refuses_orders_and_holds_what_was_accepted(store: Backend, switch: Switch) -> None:
    known = new_order(key="k")
    waits, taken = store.orders.place(known, None, None).order, claimed(store, place(store))
    going = signing(store, 1)
    store.control.stop(switch)
    with pytest.raises(TradingHalted):
        place(store)
    assert store.orders.place(known, None, None).order.id == waits.id, "a repeat shows what it placed"
    with pytest.raises(IdempotencyConflict):
        store.orders.place(new_order(key="k", hashes=("other",)), None, None)
    assert claim(store, waits).outcome is ClaimOutcome.HALTED
    for change in (build(taken, NOW, ROUTE), going):
        with pytest.raises(Exception, match="halted"):
            store.orders.save(change)
    assert used(store) == 0
    assert store.orders.lost(after(60), 15, True, 600, 9) == ()
    if switch.client_id:
        claimed(store, place(store, "bob"))
    assert store.control.lift([switch.stop], switch.client_id) == (switch,)
    assert claim(store, waits).outcome is ClaimOutcome.CLAIMED
    store.orders.save(going)
    assert used(store) == 1


@pytest.mark.parametrize("client_id", [None, "alice"])
def test_reducing_lets_orders_into_its_token_pass(store: Backend, client_id: str | None) -> None:
    store.control.stop(Switch(Stop.REDUCING, NOW, client_id, "USDC"))
    order = place(store)
    store.orders.save(build(claimed(store, order), NOW, ROUTE))
    assert stored(store, order).status is Status.BUILDING


def test_switches_of_all_and_of_clients_are_set_and_lifted_apart(store: Backend) -> None:
    everything = [HALTED, HALTED_ALICE, Switch(Stop.PAUSED, NOW), REDUCING, REDUCING_ALICE]
    for switch in everything:
        store.control.stop(switch)
    store.control.stop(replace(REDUCING, set_at=after(9), token_out="USDC"))
    now_usdc = replace(REDUCING, token_out="USDC")
    assert store.control.switches() == tuple(
        sorted([*everything[:3], now_usdc, REDUCING_ALICE], key=lambda one: one.name)
    )
    assert store.control.lift([Stop.HALTED, Stop.REDUCING], "alice") == (HALTED_ALICE, REDUCING_ALICE)
    assert store.control.lift(list(Stop), None) == (HALTED, everything[2], now_usdc)
    assert store.control.switches() == ()


# --- what waits and what is committed ----------------------------------------------------------------


def test_orders_that_are_not_over_are_committed(store: Backend) -> None:
    waits, over, sent = place(store), claimed(store, place(store)), signed(store, 1)
    store.orders.save(fail(over, NOW, failure("no_venue")))
    place(store, "bob")
    assert {order.id for order in store.risk.committing("alice")} == {waits.id, sent.id}
    assert store.risk.waiting("alice", 10) == 0


@pytest.mark.parametrize(("switch", "limit"), [(HALTED, None), (REDUCING_ALICE, SLOW)])
def test_while_halted_nothing_is_amended(store: Backend, switch: Switch, limit: RateLimit | None) -> None:
    order = open_order(store)
    for other in (Switch(Stop.PAUSED, NOW), Switch(Stop.HALTED, NOW, "bob")):
        store.control.stop(other)
    store.orders.amend(amending(order), None)
    seen, change = stored(store, order), amending(stored(store, order))
    store.control.stop(switch)
    with pytest.raises(TradingHalted, match="cancels still work"):
        store.orders.amend(change, limit)
    assert stored(store, order) == seen
    with pytest.raises(StaleSeq):
        store.orders.amend(amending(order), None)
    store.control.lift([switch.stop], switch.client_id)
    store.orders.amend(change, None)


@pytest.mark.parametrize("stop", ["paused", "halted", "keyless"])
def test_what_waits_is_claimed_while_it_may_not_trade_to_rest_again(store: Backend, stop: str) -> None:
    order = triggered(store, open_order(store))
    free = claim(store, triggered(store, open_order(store)))
    assert (free.outcome, free.halted) == (ClaimOutcome.CLAIMED, False)
    sent = submitted(store, triggered(store, open_order(store)))
    if stop == "keyless":
        store.api_keys.add(replace(trading_key(), revoked_at=NOW))
    else:
        store.control.stop(Switch(Stop(stop), NOW))
    taken = claim(store, order)
    assert (taken.outcome, taken.halted) == (ClaimOutcome.CLAIMED, True)
    assert taken.order is not None
    assert taken.order.status is Status.ROUTING
    store.orders.save(untrigger(taken.order, NOW, failure("halted")))
    after_it = stored(store, order)
    assert (after_it.status, after_it.lease_token) == (Status.OPEN, None)
    assert after_it.waiting is not None
    assert after_it.waiting.fired is None
    again = claim(store, order)
    assert (again.outcome, again.halted) == (ClaimOutcome.RESTING, False)
    settling = claim(store, sent)
    assert (settling.outcome, settling.halted) == (ClaimOutcome.CLAIMED, False)


def test_as_many_orders_wait_as_their_client_may_have(store: Backend) -> None:
    def bounded(most: int, client_id: str = "alice") -> NewOrder:
        return replace(waiting(LIMIT, client_id=client_id), most_open=most)

    for _ in range(2):
        store.orders.place(bounded(2), None, None)
    with pytest.raises(RiskRefused) as refused:
        store.orders.place(bounded(2), None, None)
    assert (refused.value.rule, refused.value.observed, refused.value.allowed) == (Rule.MAX_OPEN, "3", "2")
    store.orders.place(bounded(2, "bob"), None, None)
    place(store)
    last = store.orders.place(bounded(3), None, None).order
    assert (store.risk.waiting("alice", 10), store.risk.waiting("alice", 2)) == (3, 2)
    with pytest.raises(RiskRefused):
        store.orders.place(bounded(0), None, None)
    triggered(store, last)
    store.orders.place(bounded(3), None, None)


@pytest.mark.parametrize(("entry", "added"), [(None, 1), (LIMIT, 2)])
def test_a_bracket_counts_for_its_exit_and_for_an_entry_that_waits(
    store: Backend, entry: Terms | None, added: int
) -> None:
    open_order(store)
    with pytest.raises(RiskRefused) as refused:
        store.orders.place(replace(bracket(entry), most_open=added), None, None)
    assert refused.value.observed == str(added + 1)
    store.orders.place(replace(bracket(entry), most_open=added + 1), None, None)
    assert store.risk.waiting("alice", 9) == added + 1


def test_held_exits_are_not_committed(store: Backend) -> None:
    entry = store.orders.place(bracket(), None, None).order
    assert {order.id for order in store.risk.committing("alice")} == {entry.id}
    assert store.risk.waiting("alice", 9) == 1
