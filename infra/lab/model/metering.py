"""What Aurora DSQL meters for a transaction, as its User Guide documents it, from the rows it touches."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from dexec.adapters.paper.simulator import Booking, Posting
from dexec.adapters.postgres import encoding
from dexec.domain.order import Event, Order
from infra.lab.model.assumptions import Assumptions

HASH_BYTES = 64
KEY_BYTES = 30
"""An idempotency key, as clients choose them."""

ORDER_INDEXES = 4
SMALL = 0
"""A row or an index entry below the least size that is metered."""

ENDING = (SMALL,) * 4
"""Two indexes of ``orders`` hold how an order ended: an entry goes from each and another comes."""


def width(*values: object) -> int:
    """Return the bytes of a row with these columns."""
    return sum(map(_bytes, values))


def _bytes(value: object) -> int:
    if value is None:
        return 0
    if isinstance(value, str):
        return len(value.encode())
    if isinstance(value, bytes):
        return len(value)
    if isinstance(value, int | datetime):
        return 8
    raise TypeError(f"no column holds {value!r}")


def order_row(order: Order) -> int:
    """Return the bytes of an order's row; an update writes all of it."""
    signed = order.transaction
    return HASH_BYTES + KEY_BYTES + width(
        order.id, order.client_id, order.label, encoding.dump_request(order.request), order.status.value,
        order.seq, order.attempt, order.lease_token, order.lease_until, order.run_at, order.queued_at,
        order.signature, signed and signed.data,
        signed and signed.last_valid_block_height, encoding.dump_fill(order.fill),
        encoding.dump_failure(order.error), order.created_at, order.updated_at,
    )  # fmt: skip


def event_row(event: Event) -> int:
    """Return the bytes of an event's row."""
    step = event.step and event.step.value
    detail = encoding.dump_detail(event.detail)
    return width(event.order_id, event.seq, event.status.value, step, event.attempt, detail, event.at)


def ledger_rows(posting: Posting, bookings: Sequence[Booking], ending: str) -> list[int]:
    """Return the bytes of what a paper transaction adds for ever: its row with an index entry, its lines."""
    about = (posting.owner, posting.order_id, posting.slot, posting.lands_at, ending)
    lines = [width(posting.signature, 8, line.account, line.mint, line.amount) for line in bookings]
    return [width(posting.signature, *about), SMALL, *lines]


class Meter:
    """Turns rows into bytes, and bytes into distributed processing units (DPU)."""

    def __init__(self, assumed: Assumptions) -> None:
        self._by = {name: value.value for name, value in assumed.metering.items()}

    def stored(self, sizes: Iterable[int]) -> int:
        """Return the bytes that rows and index entries count for."""
        return sum(max(size, round(self._by["leastRowBytes"])) for size in sizes)

    def dpu(self, written: Sequence[int], read_bytes: int = 0) -> float:
        """Return the units of a transaction that writes rows of these sizes, or none, and reads so much."""
        by = self._by
        units = max(read_bytes, by["leastBytesRead"]) * by["readDpuPerByte"]
        compute_ms = by["readComputeMs"]
        if written:
            units += max(self.stored(written), by["leastBytesWritten"]) * by["writeDpuPerByte"]
            compute_ms = by["writeComputeMs"]
        return units + compute_ms / 1000 * by["dpuPerComputeSecond"]
