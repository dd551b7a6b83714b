"""What ``dexec resubmit`` places: what the order asked for, with all that it waited for."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from dexec.domain.errors import Invalid
from dexec.domain.lifecycle import ACTIVE, TERMINAL, Status
from dexec.domain.order import Order
from dexec.domain.quote import Pair
from dexec.domain.waiting.conditions import Limit, Stop
from dexec.domain.waiting.prices import Price
from dexec.domain.waiting.terms import Terms, Waiting
from dexec.usecases.place_order import held_exit
from infra.operators.orders import resubmission
from tests.contract.samples import NOW, new_order

PAIR = Pair("SOL", "USDC")
LIMIT = Terms(limit=Limit(Price("155", PAIR)))
STOP = Terms(stop=Stop(Price("0.005", Pair("USDC", "SOL"))))


def ended(status: Status = Status.FAILED, terms: Terms | None = None) -> Order:
    order = replace(new_order().order, status=status)
    return order if terms is None else replace(order, waiting=Waiting.of(terms))


@pytest.mark.parametrize("status", sorted(TERMINAL - {Status.CONFIRMED}))
def test_whatever_ended_without_a_fill_is_placed_again_once(status: Status) -> None:
    order = ended(status)
    again = resubmission(order, None)
    assert (again.request, again.idempotency_key) == (order.request, f"again:{order.id}")
    assert (again.terms, again.exits, again.expires_at) == (None, None, None)


def test_what_waited_waits_again_and_does_not_become_a_market_order() -> None:
    entry = replace(ended(terms=LIMIT), exit_id="exit", expires_at=NOW + timedelta(days=1))
    again = resubmission(entry, held_exit(entry, "exit", STOP))
    assert (again.terms, again.exits, again.expires_at) == (LIMIT, STOP, entry.expires_at)


def test_a_deadline_in_seconds_counts_anew() -> None:
    order = ended(Status.EXPIRED)
    order = replace(order, request=replace(order.request, deadline_s=30), expires_at=NOW)
    again = resubmission(order, None)
    assert (again.request.deadline_s, again.expires_at) == (30, None)


@pytest.mark.parametrize("status", sorted(ACTIVE | {Status.CONFIRMED}))
def test_what_is_not_over_or_was_filled_is_refused(status: Status) -> None:
    with pytest.raises(Invalid, match=f"is {status}: only an order that ended without a fill"):
        resubmission(ended(status), None)


def test_an_exit_that_never_had_an_amount_is_refused() -> None:
    exit_ = replace(held_exit(ended(), "exit", STOP), status=Status.CANCELLED)
    with pytest.raises(Invalid, match="which bought nothing: place that one again"):
        resubmission(exit_, None)
