"""Orders that failed, are stuck or are parked: the reason, re-queueing, resubmission."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from dexec.adapters.postgres.operators import ProblemOrder
from dexec.api.times import iso
from dexec.domain.errors import Invalid, NotFound
from dexec.domain.failure import Failure
from dexec.domain.halts import Switch, first_holding
from dexec.domain.lifecycle import RESTING, Status
from dexec.domain.order import Order
from dexec.ports import ApiKey
from dexec.usecases.place_order import Submission
from infra.operators.access import Access

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageTypeDef

BATCH = 10
"""Messages of one receive call."""

POLL_S = 2


def reason(problem: ProblemOrder, now: datetime, switches: Iterable[Switch]) -> str:
    """Return why an order failed, or what it seems to be waiting for."""
    order = problem.order
    failure = problem.detail if isinstance(problem.detail, Failure) else order.error
    message = "" if failure is None else failure.message
    if order.is_terminal:
        return message
    return _obstacle(problem, switches) or _position(order, now, f", after: {message}" if message else "")


def _obstacle(problem: ProblemOrder, switches: Iterable[Switch]) -> str:
    """Return what blocks an order until an operator acts; empty if nothing does."""
    order = problem.order
    if order.parked_at is not None:
        return f"parked since {iso(order.parked_at)}: every run crashed; dexec redrive releases it"
    if order.status is Status.SUBMITTED:
        return ""
    switch = first_holding(switches, order.client_id, order.request.token_out)
    if switch is not None:
        return f"{switch} since {iso(switch.set_at)}"
    if problem.is_keyless:
        return f"{order.client_id} has no valid API key; to end its orders: dexec orders cancel"
    return ""


def _position(order: Order, now: datetime, after: str) -> str:
    if order.lease_until is not None and order.lease_until > now:
        return f"leased by an executor until {iso(order.lease_until)}{after}"
    if order.status in (Status.PENDING, Status.TRIGGERED):
        return f"no executor has taken it since it was queued at {iso(order.queued_at)}"
    return f"its executor died; it was last queued at {iso(order.queued_at)}{after}"


def resubmit(access: Access, order_id: str) -> Order:
    """Place an order that ended without a fill again for its client, and return the new one.

    It waits for what the old one waited for, with its exits. Doing so twice makes one order. The client's
    limits do not apply: the order was accepted under them before. Raises ``NotFound``, ``Invalid`` and what
    ``PlaceOrder`` raises.
    """
    failed = access.parts.operators.order(order_id)
    if failed is None:
        raise NotFound(f"there is no order {order_id}")
    exit_ = None if failed.exit_id is None else access.parts.operators.order(failed.exit_id)
    submission = resubmission(failed, exit_)
    if all(key.revoked_at is not None for key in access.parts.operators.api_keys(failed.client_id)):
        raise Invalid(f"{failed.client_id} has no valid key: its orders are not executed")
    operator = ApiKey("", failed.client_id, 0, None, access.parts.clock.now())
    return access.parts.place_order(submission, operator).order


def resubmission(order: Order, exit_: Order | None) -> Submission:
    """Return what places an order again, with its ``exit_`` if it is the entry of a bracket.

    Raises ``Invalid`` for one that is not over or was filled, and for an exit that never had an amount.
    """
    if not order.is_terminal or order.status is Status.CONFIRMED:
        is_parked = order.parked_at is not None
        hint = f"; this one is parked: dexec redrive {order.id} releases it" if is_parked else ""
        raise Invalid(
            f"{order.id} is {order.status.value}: only an order that ended without a fill can be placed again"
            f"{hint}"
        )
    if not order.request.amount:
        raise Invalid(
            f"{order.id} is the exit of {order.entry_id}, which bought nothing: place that one again"
        )
    return Submission(
        order.request,
        order.label,
        f"again:{order.id}",
        terms=None if order.waiting is None else order.waiting.terms,
        exits=None if exit_ is None or exit_.waiting is None else exit_.waiting.terms,
        expires_at=None if order.request.deadline_s is not None else order.expires_at,
    )


# --- dead letters ------------------------------------------------------------------------------------


class Fate(StrEnum):
    """The result of redriving a dead letter."""

    QUEUED = "queued again"
    RELEASED = "was parked; queued again"
    OVER = "over already"
    RESTS = "waits for its price; needs no message"
    UNKNOWN = "no order of this deployment; left"


class Redriven(NamedTuple):
    """A dead letter or a parked order: whose it was (its body, where it names no order), and its fate."""

    order_id: str
    fate: Fate


def redrive(access: Access, *, everything: bool, patience_s: float) -> Iterator[Redriven]:
    """Put orders of dead letters, and those that are parked, back on the queue: one batch, or all of them.

    Raises what ``_letters`` raises.
    """
    yield from _letters(access, everything=everything, patience_s=patience_s)
    while parked := access.parts.operators.parked(None, BATCH):
        yield from (release(access, problem.order.id) for problem in parked)
        if not everything:
            return


def release(access: Access, order_id: str) -> Redriven:
    """Put one parked order back on the queue.

    Raises ``NotFound``, ``Invalid``, ``QueueUnavailable``, ``StoreUnavailable``, ``CommitUnknown``.
    """
    order = access.parts.operators.order(order_id)
    if order is None:
        raise NotFound(f"there is no order {order_id}")
    if not access.parts.orders.unpark(order_id, access.parts.clock.now()):
        raise Invalid(f"{order_id} is {order.status.value} and not parked: there is nothing to release")
    # Were the queue away now, the sweeper would find the order without a message.
    access.parts.queue.send(order.id, order.client_id, 0)
    return Redriven(order_id, Fate.RELEASED)


def _letters(access: Access, *, everything: bool, patience_s: float) -> Iterator[Redriven]:
    """Put orders of dead letters back on the queue: one batch, or all of them.

    A letter that the dead-letter function has in hand shows up later, so this looks for up to
    ``patience_s`` seconds. Raises ``QueueUnavailable``, ``StoreUnavailable``, ``CommitUnknown``.
    """
    until = time.monotonic() + patience_s
    left: set[str] = set()
    while waiting(access) > len(left) and time.monotonic() < until:
        letters = access.sqs.receive_message(
            QueueUrl=access.dead_letter_queue_url, MaxNumberOfMessages=BATCH, WaitTimeSeconds=POLL_S
        ).get("Messages", [])
        for letter in letters:
            redriven = _redrive_one(access, letter)
            if redriven.fate is not Fate.UNKNOWN:
                yield redriven
            elif letter["MessageId"] not in left:
                left.add(letter["MessageId"])
                yield redriven
        if letters and not everything:
            return


def waiting(access: Access) -> int:
    """Return how many letters the dead-letter queue holds, those in flight included."""
    attributes = access.sqs.get_queue_attributes(
        QueueUrl=access.dead_letter_queue_url,
        AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
    )["Attributes"]
    return sum(int(count) for count in attributes.values())


def _redrive_one(access: Access, letter: MessageTypeDef) -> Redriven:
    order_id = _order_id(letter["Body"])
    order = access.parts.operators.order(order_id)
    if order is None:
        return Redriven(order_id, Fate.UNKNOWN)
    released = access.parts.orders.unpark(order.id, access.parts.clock.now())
    if not order.is_terminal and order.status not in RESTING:
        access.parts.queue.send(order.id, order.client_id, 0)
        # So that the sweeper does not consider it lost meanwhile.
        access.parts.orders.requeue(order, access.parts.clock.now())
    access.sqs.delete_message(QueueUrl=access.dead_letter_queue_url, ReceiptHandle=letter["ReceiptHandle"])
    if order.is_terminal:
        return Redriven(order_id, Fate.OVER)
    if order.status in RESTING:
        return Redriven(order_id, Fate.RESTS)
    return Redriven(order_id, Fate.RELEASED if released else Fate.QUEUED)


def _order_id(body: str) -> str:
    try:
        fields = json.loads(body)
    except ValueError:
        return body
    return str(fields["orderId"]) if isinstance(fields, dict) and "orderId" in fields else body
