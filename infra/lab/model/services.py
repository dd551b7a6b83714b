"""AWS as the use cases see it: every call takes its time and is counted; nothing of it fails."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from dexec.adapters.paper.simulator import STARTING_BALANCES, Booking, Entry, Moves, Posting
from dexec.domain.order import Change, Event, Order, take
from dexec.ports import Claim, ClaimOutcome, Deliveries, Delivery, NewOrder, Placed, RateLimit, Watcher
from infra.lab.model.assumptions import Assumptions
from infra.lab.model.metering import ENDING, ORDER_INDEXES, SMALL, Meter, event_row, ledger_rows, order_row
from infra.lab.model.timeline import START, Beside, Timeline, draw


class Cloud:
    """What the services share: time, chance, and the count of what is paid for."""

    def __init__(self, timeline: Timeline, assumed: Assumptions, rng: random.Random) -> None:
        self.timeline = timeline
        self.assumed = assumed
        self.rng = rng
        self.used: Counter[str] = Counter()
        self.meter = Meter(assumed)

    def take(self, latency: str, name: str) -> None:
        """Let one call's time pass, under the name that the critical path shows."""
        self.timeline.spend(name, draw(self.assumed.latencies[latency], self.rng))

    def transact(self, name: str, written: Sequence[int] = (), *, seen: int = 0, reads: int = 0) -> None:
        """Make one round trip to the store: a transaction that writes rows of these sizes, and further reads.

        ``seen`` is how many bytes the writing one reads; the others read no more than is metered at least.
        """
        if written:
            self._meter(self.meter.dpu(written, seen))
        for _ in range(reads):
            self._meter(self.meter.dpu(()))
        self.used["roundTrips"] += 1
        self.take("dsqlCommit" if written else "dsqlRead", name)

    def _meter(self, dpu: float) -> None:
        self.used["transactions"] += 1
        self.used["microDpu"] += round(dpu * 1e6)


class CloudOrders:
    """What a clean run asks of the ``Orders`` port, with ``watchers`` connections notified of everything."""

    def __init__(self, cloud: Cloud, watchers: int) -> None:
        self._cloud = cloud
        self._orders: dict[str, tuple[Order, tuple[Event, ...]]] = {}
        long_ago = START - timedelta(minutes=5)
        self._watchers = tuple(Watcher(f"socket-{number}", long_ago, 0) for number in range(watchers))

    def place(self, new: NewOrder, limit: RateLimit | None, watcher: str | None) -> Placed:  # noqa: ARG002
        """Store the order; clients of the model have no limit."""
        order = new.order
        first = new.first_event
        # The client's rate limit, and a row of ``watchers`` with its index entry for each connection.
        small = [SMALL] * (ORDER_INDEXES + 1 + 2 * len(self._watchers))
        self._cloud.transact("store the order", [order_row(order), event_row(first), *small])
        self._orders[order.id] = (order, (first,))
        return Placed(order, is_new=True)

    def claim(self, order_id: str, token: str, now: datetime, lease_until: datetime) -> Claim:
        """Take the lease and begin routing."""
        order, events = self._orders[order_id]
        change = take(order, now, token, lease_until)
        self._write("claim the order", change)
        self._orders[order_id] = (change.after, (*events, *change.events))
        claimed, events = self._orders[order_id]
        return Claim(ClaimOutcome.CLAIMED, claimed, events, self._watchers, held=STARTING_BALANCES)

    def save(self, change: Change) -> tuple[Watcher, ...]:
        """Write a change."""
        self._write(f"store {change.after.status}", change)
        order_id = change.after.id
        self._orders[order_id] = (change.after, (*self._orders[order_id][1], *change.events))
        return self._watchers

    def _write(self, name: str, change: Change) -> None:
        """Write the order anew with its events; its end moves its index entries."""
        before, after = change.before, change.after
        moved = ENDING if after.is_terminal else ()
        written = [order_row(after), *map(event_row, change.events), *moved]
        self._cloud.transact(name, written, seen=order_row(before), reads=1)

    def count_stored(self, order_id: str) -> None:
        """Count what an order takes with its events and index entries, and what deleting them will."""
        order, events = self._orders[order_id]
        sizes = [order_row(order), *map(event_row, events), *[SMALL] * ORDER_INDEXES]
        meter, used = self._cloud.meter, self._cloud.used
        used["storedBytes"] += meter.stored(sizes)
        used["microDpuToForget"] += round(meter.dpu([SMALL] * len(sizes), meter.stored(sizes)) * 1e6)


class CloudWatching:
    """What a clean run asks of the ``Watching`` port; ``notified_at`` is when the last push had arrived."""

    def __init__(self, cloud: Cloud, pushes: Beside) -> None:
        self._cloud = cloud
        self._pushes = pushes
        self.notified_at: float | None = None

    def settle(self, deliveries: Deliveries) -> None:
        """Record deliveries, once the pushes are done."""
        self._cloud.timeline.wait_until(self._pushes.last_end, "push the last frame")
        self.notified_at = self._cloud.timeline.seconds
        # The rows of ``watchers`` and their index entries go.
        self._cloud.transact("record deliveries", [SMALL] * 2 * len(deliveries.delivered))


class CloudQueue:
    """What a clean run asks of the ``Queue`` port."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def send(self, order_id: str, client_id: str, delay_s: int) -> None:  # noqa: ARG002
        """Send the message; it will be received and deleted as well."""
        self._cloud.used["sqsRequests"] += 3
        self._cloud.take("sqsSend", "send the message")


class CloudPush:
    """The ``Push`` port; a connection takes one frame after the other."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._busy_until: dict[str, float] = {}

    def post(self, connection_id: str, frame: bytes) -> Delivery:
        """Deliver a frame."""
        timeline = self._cloud.timeline
        timeline.wait_until(self._busy_until.get(connection_id, 0.0), "behind another frame")
        self._cloud.take("postToConnection", "push")
        self._busy_until[connection_id] = timeline.seconds
        self._cloud.used["frames"] += 1
        self._cloud.used["frameBytes"] += len(frame)
        return Delivery.DELIVERED

    def close(self, connection_id: str) -> Delivery:  # noqa: ARG002 - the port's signature
        """Close a connection, which takes as long as a frame."""
        self._cloud.take("postToConnection", "push")
        return Delivery.DELIVERED


class CloudLedger:
    """The paper cluster's ledger on the same kind of store; wallets never run dry."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._landed: dict[str, tuple[datetime, Entry]] = {}

    def settle(self, posting: Posting, moves: Moves, bookings: Sequence[Booking], fill: str) -> None:  # noqa: ARG002
        """Record the fill."""
        self._record([SMALL, SMALL], ledger_rows(posting, bookings, fill))
        self._landed[posting.signature] = (posting.lands_at, Entry(posting.slot, fill, None))

    def refuse(self, posting: Posting, error: str) -> None:
        """Record a transaction that failed by its own rules."""
        self._record([], ledger_rows(posting, [], error))
        self._landed[posting.signature] = (posting.lands_at, Entry(posting.slot, None, error))

    def _record(self, wallet: Sequence[int], kept: Sequence[int]) -> None:
        self._cloud.used["ledgerBytes"] += self._cloud.meter.stored(kept)
        self._cloud.transact("send to the paper cluster", [*wallet, *kept])

    def entry(self, signature: str, now: datetime) -> Entry | None:
        """Return what landed."""
        self._cloud.used["looks"] += 1
        self._cloud.transact("waiting for the chain", reads=1)
        lands_at, entry = self._landed[signature]
        return entry if lands_at <= now else None
