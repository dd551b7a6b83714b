"""Cancels orders: at once what has no signature; what is submitted, if its transaction does not fill it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from dexec.domain.error_code import ErrorCode
from dexec.domain.errors import NO_SUCH_ORDER, NotFound, TooLateToCancel
from dexec.domain.ids import is_order_id
from dexec.domain.lifecycle import Status
from dexec.domain.order import Order, Withdrawal
from dexec.domain.quote import Pair
from dexec.domain.withdrawals import BY_CLIENT, BY_OPERATOR
from dexec.ports import MOST_CANCELLED, Cancels, Clock, Control, Written


@dataclass(frozen=True, slots=True)
class Cancelled:
    """What became of orders: ended by this call, submitted and therefore too late, or over before."""

    cancelled: tuple[str, ...]
    too_late: tuple[str, ...] = ()
    over: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CancelOrders:
    """The use case; ``notify`` is called with what each call ended.

    Unless ``is_known`` (every reader knows the status ``cancelled``), what is cancelled ends as ``failed``,
    with the same code, and nothing is noted on what is submitted.
    """

    control: Control
    clock: Clock
    notify: Callable[[Sequence[Written]], None]
    is_known: bool

    def one(self, order_id: str, client_id: str) -> None:
        """Cancel a client's order; nothing is done to one that is cancelled already.

        Raises ``NotFound``; ``TooLateToCancel`` when it is signed, which says what happens then, or over.
        """
        if not is_order_id(order_id):
            raise NotFound(NO_SUCH_ORDER)
        cancels = self._cancel([order_id], BY_CLIENT, client_id)
        self.notify(cancels.ended)
        if order_id in _ids(cancels):
            return
        found = [one for one in self.control.orders([order_id]) if one.client_id == client_id]
        if not found:
            raise NotFound(NO_SUCH_ORDER)
        if not _is_cancelled(found[0]):
            raise TooLateToCancel(_too_late(found[0], is_noted=order_id in cancels.noted))

    def all_of(self, client_id: str, pair: Pair | None = None, why: Withdrawal = BY_CLIENT) -> Cancelled:
        """Cancel all that a client has, or what it has in one direction of a pair."""
        ended: list[Written] = []
        late: set[str] = set()
        try:
            for orders in self._pages(client_id):
                found = [order for order in orders if pair in (None, _pair(order))]
                cancels = self._cancel([order.id for order in found], why, client_id)
                ended += cancels.ended
                # Those that are signed, and those that were when they were listed.
                late |= {*cancels.noted, *(one.id for one in found if one.status is Status.SUBMITTED)}
        finally:
            self.notify(ended)
        cancelled = {one.order.id for one in ended}
        return Cancelled(tuple(sorted(cancelled)), tuple(sorted(late - cancelled)))

    def of_client(self, client_id: str, why: Withdrawal = BY_OPERATOR) -> tuple[str, ...]:
        """Cancel all that a client has, for an operator; return what had no signature."""
        return self.all_of(client_id, why=why).cancelled

    def by_id(self, order_ids: Sequence[str], why: Withdrawal = BY_OPERATOR) -> Cancelled:
        """Cancel these orders; raise ``NotFound``, before any is cancelled, when one of them is unknown."""
        unknown = set(order_ids) - {order.id for order in self.control.orders(order_ids)}
        if unknown:
            raise NotFound(f"there is no order {min(unknown)}; nothing was cancelled")
        ended: list[Written] = []
        try:
            for start in range(0, len(order_ids), MOST_CANCELLED):
                ended += self._cancel(order_ids[start : start + MOST_CANCELLED], why, None).ended
        finally:
            self.notify(ended)
        cancelled = {one.order.id for one in ended}
        others = [order for order in self.control.orders(order_ids) if order.id not in cancelled]
        late = [order.id for order in others if order.status is Status.SUBMITTED]
        over = [order.id for order in others if order.id not in late]
        return Cancelled(tuple(sorted(cancelled)), tuple(sorted(late)), tuple(sorted(over)))

    def _pages(self, client_id: str) -> Iterator[tuple[Order, ...]]:
        after_id = ""
        while found := self.control.cancellable(client_id, after_id, MOST_CANCELLED):
            yield found
            after_id = found[-1].id

    def _cancel(self, order_ids: Sequence[str], why: Withdrawal, client_id: str | None) -> Cancels:
        if not order_ids:
            return Cancels()
        ending = why if self.is_known else why.error
        return self.control.cancel(order_ids, self.clock.now(), ending, client_id)


def _ids(cancels: Cancels) -> set[str]:
    return {one.order.id for one in cancels.ended}


def _pair(order: Order) -> Pair:
    return Pair(order.request.token_in, order.request.token_out)


def _is_cancelled(order: Order) -> bool:
    """Whether it was cancelled, also by a version that had no status for it."""
    if order.status is Status.FAILED and order.error is not None:
        return order.error.code == ErrorCode.CANCELLED
    return order.status is Status.CANCELLED


def _too_late(order: Order, *, is_noted: bool) -> str:
    if order.is_terminal:
        return f"too late to cancel: the order is {order.status} already"
    if is_noted:
        return (
            "too late to cancel: its transaction is signed and may land; if it does, the order is confirmed, "
            "and if it does not, the order is cancelled instead of tried again"
        )
    return "too late to cancel: its transaction is signed and may land"
