"""Builds the adapters of PostgreSQL, over one connection."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from dexec.wiring.process import Process

if TYPE_CHECKING:
    from dexec.adapters.postgres.connection import Connect
    from dexec.adapters.postgres.database import Database
    from dexec.adapters.postgres.operators import PostgresOperators
    from dexec.adapters.postgres.orders import Held
    from dexec.ports import (
        ApiKeys,
        Archive,
        Control,
        Orders,
        Outbox,
        Probe,
        Risk,
        Ticks,
        Waiting,
        Watching,
        Webhooks,
    )


class Store(Process):
    """What is kept in the database."""

    @cached_property
    def connect(self) -> Connect:
        """Opens connections to the store."""
        from dexec.connecting import connect_to

        return connect_to(self.settings)

    @cached_property
    def database(self) -> Database:
        """The store, over one connection."""
        return self._new_database()

    def _new_database(self) -> Database:
        from dexec.adapters.postgres.database import Database

        database = Database(self.connect)
        self._opened.callback(database.close)
        return database

    @cached_property
    def orders(self) -> Orders:
        """Orders and events."""
        from dexec.adapters.postgres.orders import PostgresOrders

        return PostgresOrders(self.database, self._held, self.settings.trigger_shards)

    @property
    def _held(self) -> Held | None:
        """What a claim reads of the client's wallet: nothing, where that lies elsewhere."""
        return None

    @cached_property
    def watching(self) -> Watching:
        """Connections and watchers."""
        from dexec.adapters.postgres.watching import PostgresWatching

        return PostgresWatching(self.database)

    @cached_property
    def waiting(self) -> Waiting:
        """Ticks, and orders that wait."""
        from dexec.adapters.postgres.waiting import PostgresWaiting

        return PostgresWaiting(self.database)

    @cached_property
    def api_keys(self) -> ApiKeys:
        """API keys."""
        from dexec.adapters.postgres.api_keys import PostgresApiKeys

        return PostgresApiKeys(self.database)

    @cached_property
    def control(self) -> Control:
        """The kill switch, and cancelling."""
        from dexec.adapters.postgres.control import PostgresControl

        return PostgresControl(self.database)

    @cached_property
    def risk(self) -> Risk:
        """Risk limits, and what clients have used of them."""
        from dexec.adapters.postgres.risk import PostgresRisk

        return PostgresRisk(self.database)

    @cached_property
    def archive(self) -> Archive:
        """Orders that are over."""
        from dexec.adapters.postgres.archive import PostgresArchive

        return PostgresArchive(self.database)

    @cached_property
    def ticks(self) -> Ticks:
        """What was seen of the market."""
        from dexec.adapters.postgres.ticks import PostgresTicks

        return PostgresTicks(self.database)

    @cached_property
    def webhooks(self) -> Webhooks:
        """Clients' endpoints."""
        from dexec.adapters.postgres.webhooks import PostgresWebhooks

        return PostgresWebhooks(self.database)

    @cached_property
    def outbox(self) -> Outbox:
        """What is to be sent to endpoints."""
        from dexec.adapters.postgres.outbox import PostgresOutbox

        return PostgresOutbox(self.database)

    @cached_property
    def store_probe(self) -> Probe:
        """Whether the store answers."""
        from dexec.adapters.postgres.probe import PostgresProbe

        return PostgresProbe(self.database)

    @cached_property
    def operators(self) -> PostgresOperators:
        """What operators look at and change; no function does."""
        from dexec.adapters.postgres.operators import PostgresOperators

        return PostgresOperators(self.database)

    def migrate(self) -> list[str]:
        """Bring the schema up to date and return the migrations that were applied."""
        from dexec.connecting import migrate

        return migrate(self.settings, self.clock.now())
