"""An order that ends while a sender reads: whatever moment it is, its last event is not forgotten."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial

import pytest

from dexec.adapters.postgres.database import Database, Repeat
from dexec.adapters.postgres.outbox import PostgresOutbox
from dexec.adapters.postgres.statements import Row, Statement
from dexec.domain.order import Order, confirm
from dexec.ports import Line
from tests.conftest import Isolation, connect_at
from tests.contract.samples import FILL, NOW, place, submitted, trading_key
from tests.contract.samples import after as after_s
from tests.contract.webhook_samples import endpoint, hint, take, taken
from tests.proofs.simulation.audit import PostgresAudit
from tests.proofs.simulation.backend import Backend, on_postgres

READS = ["find_webhook", "find_line", "line_is_over", "line_events"]


class Interrupted(Database):
    """Reads one by one, as the server does, with something that happens after one of them."""

    after: str = ""
    happens: Callable[[], object] = staticmethod(lambda: None)

    def transact(
        self, writes: Sequence[Statement], reads: Sequence[Statement], repeat: Repeat
    ) -> tuple[list[list[Row]], list[list[Row]]]:
        written = super().transact(writes, [], repeat)[0] if writes else []
        found = []
        for read in reads:
            found.append(super().transact([], [read], repeat)[1][0])
            if read.name == self.after:
                self.happens()
        return written, found


@pytest.fixture
def stores(clean_url: str) -> Iterator[tuple[Backend, Interrupted]]:
    """Return a store with alice's key, and a database to read it with."""
    connect = partial(connect_at, clean_url, Isolation.READ_COMMITTED)
    with closing(Database(connect)) as database, closing(Interrupted(connect)) as reading, connect() as audit:
        store = on_postgres(database, PostgresAudit(audit))
        store.api_keys.add(trading_key("alice"))
        yield store, reading


def read(stores: tuple[Backend, Interrupted], after: str) -> tuple[Line, Order]:
    """Take a line whose order ends after one of the reads; return the order as it was before."""
    store, reading = stores
    hook = endpoint(store)
    order = submitted(store, place(store))
    reading.after = after
    reading.happens = lambda: store.orders.save(confirm(order, NOW, FILL))
    line = PostgresOutbox(reading).take(hint(hook, order), "t", NOW, after_s(75), 10)
    assert isinstance(line, Line)
    return line, order


@pytest.mark.parametrize("after", READS)
def test_the_end_of_an_order_is_read_or_looked_for(stores: tuple[Backend, Interrupted], after: str) -> None:
    line, order = read(stores, after)
    last = line.events[-1][0].seq
    assert not line.is_over or last == order.seq + 1, "it would be finished without its last event"
    if not line.is_over:
        assert stores[0].outbox.leave(replace(line, sent_seq=last)), "who leaves sees that it has gone on"
        assert taken(stores[0], line.webhook, order).is_over


def test_a_line_whose_last_event_was_read_is_over(stores: tuple[Backend, Interrupted]) -> None:
    line, order = read(stores, "line_is_over")
    assert line.is_over, "nothing comes after its last event: the line can be deleted"
    stores[0].outbox.finish(line)
    assert take(stores[0], line.webhook, order) is None
