"""Lazily built adapters of a process: store, queue, pushes, clock, randomness, threads."""

from __future__ import annotations

import os
import random
import secrets
from concurrent.futures import Executor, ThreadPoolExecutor, wait
from contextlib import ExitStack
from functools import cached_property
from typing import TYPE_CHECKING, TypedDict, Unpack

from dexec.domain.ids import order_id

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from dexec.adapters.postgres.connection import Connect
    from dexec.adapters.postgres.database import Database
    from dexec.adapters.postgres.operators import PostgresOperators
    from dexec.adapters.postgres.orders import Held
    from dexec.ports import (
        ApiKeys,
        Archive,
        Chain,
        Clock,
        Control,
        EventReplay,
        HookQueue,
        Orders,
        Outbox,
        Post,
        Probe,
        Push,
        Queue,
        Risk,
        Starter,
        Ticks,
        Waiting,
        Watching,
        Webhooks,
    )
    from dexec.settings import Settings
    from dexec.usecases.notify import Wait

PUSH_THREADS = 16
SLOW_PUSH_THREADS = 4


class Overrides(TypedDict, total=False):
    """What may stand in the place of what ``Container`` would build; names and types are its own."""

    clock: Clock
    connect: Connect
    database: Database
    orders: Orders
    watching: Watching
    waiting: Waiting
    api_keys: ApiKeys
    control: Control
    risk: Risk
    archive: Archive
    ticks: Ticks
    webhooks: Webhooks
    outbox: Outbox
    store_probe: Probe
    queue: Queue
    hook_queue: HookQueue
    post: Post
    push: Push
    event_replay: EventReplay
    starter: Starter
    chain: Chain
    new_order_id: Callable[[datetime], str]
    new_token: Callable[[], str]
    randomness: Callable[[int], bytes]
    jitter: Callable[[], float]
    venue_threads: Executor
    push_threads: Executor
    slow_push_threads: Executor
    push_wait: Wait
    gather_s: float


class Adapters:
    """The adapters of one process, as its settings say, but for those that are given.

    ``overrides`` are used as they are and not closed here. Raises ``TypeError`` for a name that is none.
    """

    def __init__(self, settings: Settings, **overrides: Unpack[Overrides]) -> None:
        if unknown := overrides.keys() - Overrides.__annotations__.keys():
            raise TypeError(f"a container has no part {', '.join(sorted(unknown))}")
        self.settings = settings
        self._opened = ExitStack()
        # A cached property looks here first: what is here is not built.
        vars(self).update(overrides)

    def close(self) -> None:
        """Close the connections of what was built here."""
        self._opened.close()

    # --- the store -----------------------------------------------------------------------------------

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

    # --- AWS -----------------------------------------------------------------------------------------

    @cached_property
    def queue(self) -> Queue:
        """The order queue."""
        from dexec.adapters.aws import clients as aws
        from dexec.adapters.aws.queue import SqsQueue

        http = aws.queue_http(self.settings.order_queue_url)
        self._opened.callback(http.close)
        return SqsQueue(http, self.settings.order_queue_url)

    @cached_property
    def hook_queue(self) -> HookQueue:
        """The queue of the sender of webhooks."""
        from dexec.adapters.aws import clients as aws
        from dexec.adapters.aws.hook_queue import SqsHookQueue

        http = aws.queue_http(self.settings.webhook_queue_url)
        self._opened.callback(http.close)
        return SqsHookQueue(http, self.settings.webhook_queue_url)

    @cached_property
    def post(self) -> Post:
        """Sends to endpoints."""
        from dexec.adapters.post import HttpPost

        return HttpPost(local=self.settings.allow_local_webhooks)

    @cached_property
    def push(self) -> Push:
        """Pushes to WebSocket connections."""
        from dexec.adapters.aws import clients as aws
        from dexec.adapters.aws.push import ApiGatewayPush

        http = aws.push_http(self.settings.websocket_callback_url)
        self._opened.callback(http.close)
        return ApiGatewayPush(http)

    @cached_property
    def event_replay(self) -> EventReplay:
        """Sends past events to connections that are still opening."""
        from dexec.adapters.aws import clients as aws
        from dexec.adapters.aws.event_replay import LambdaEventReplay

        http = aws.functions_http(self.settings.url_suffix)
        self._opened.callback(http.close)
        return LambdaEventReplay(http, os.environ.get("AWS_LAMBDA_FUNCTION_NAME", ""))

    @cached_property
    def starter(self) -> Starter:
        """Starts the function that ticks a shard of books."""
        from dexec.adapters.aws import clients as aws
        from dexec.adapters.aws.starter import LambdaStarter

        http = aws.functions_http(self.settings.url_suffix)
        self._opened.callback(http.close)
        own = os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "")
        return LambdaStarter(http, self.settings.trigger_function or own)

    # --- time, chance, threads -----------------------------------------------------------------------

    @cached_property
    def clock(self) -> Clock:
        """The machine's time."""
        from dexec.adapters.clock import SystemClock

        return SystemClock()

    @cached_property
    def new_order_id(self) -> Callable[[datetime], str]:
        """Makes an order id of a moment."""
        return lambda now: order_id(now, secrets.token_bytes(10))

    @cached_property
    def new_token(self) -> Callable[[], str]:
        """Makes a lease token."""
        return lambda: secrets.token_hex(8)

    @cached_property
    def randomness(self) -> Callable[[int], bytes]:
        """Makes so many random bytes, for ids and secrets of webhooks."""
        return secrets.token_bytes

    @cached_property
    def jitter(self) -> Callable[[], float]:
        """Draws a number in [0, 1)."""
        return random.random

    @cached_property
    def push_threads(self) -> Executor:
        """Push to connections."""
        return ThreadPoolExecutor(PUSH_THREADS, "push")

    @cached_property
    def slow_push_threads(self) -> Executor:
        """Push to connections that were slow or failed; the others do not wait behind them."""
        return ThreadPoolExecutor(SLOW_PUSH_THREADS, "slow push")

    @cached_property
    def push_wait(self) -> Wait:
        """Waits for pushes, at the end of a run."""
        return wait

    @cached_property
    def gather_s(self) -> float:
        """How long the first events of a late order are gathered."""
        from dexec.usecases.notify import GATHER_S

        return GATHER_S
