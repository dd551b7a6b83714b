"""The only place where adapters are built: settings in, use cases out.

Everything is built when it is first used, so a function imports and connects to what it needs, no more.
"""

from __future__ import annotations

import os
import random
import secrets
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import cache, cached_property
from typing import TYPE_CHECKING

from dexec.domain.ids import order_id
from dexec.ports import MostConnections, RateLimit
from dexec.settings import Settings

if TYPE_CHECKING:
    from dexec.adapters.paper.chain_time import Latency
    from dexec.adapters.paper.ledger import PaperLedger
    from dexec.adapters.paper.market import PaperMarket
    from dexec.adapters.paper.outcomes import PaperOutcomes
    from dexec.adapters.postgres.database import Connect, Database
    from dexec.ports import ApiKeys, Backlogs, Clock, Orders, Push, Queue, Wallets, Watching
    from dexec.usecases.authenticate import Authenticate
    from dexec.usecases.check_readiness import CheckReadiness
    from dexec.usecases.execute_order import ExecuteOrder
    from dexec.usecases.forget import Forget
    from dexec.usecases.limit_reads import LimitReads
    from dexec.usecases.place_order import PlaceOrder
    from dexec.usecases.quote_route import QuoteRoute
    from dexec.usecases.read_orders import ReadOrders
    from dexec.usecases.settle_dead_letter import SettleDeadLetter
    from dexec.usecases.sweep import Sweep
    from dexec.usecases.tell import Teller
    from dexec.usecases.watch_orders import WatchOrders

PUSH_THREADS = 16
SLOW_PUSH_THREADS = 4
"""For connections that were slow or failed; the others do not wait behind them."""


class Container:
    """The parts of one process."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    # --- use cases -----------------------------------------------------------------------------------

    @cached_property
    def authenticate(self) -> Authenticate:
        """Who is calling."""
        from dexec.usecases.authenticate import Authenticate

        return Authenticate(self.api_keys, self.clock)

    @cached_property
    def place_order(self) -> PlaceOrder:
        """Accepts orders."""
        from dexec.usecases.place_order import PlaceOrder

        rate = RateLimit(
            60 / self.settings.orders_per_minute, self.settings.order_burst, self.settings.max_backlog_seconds
        )
        return PlaceOrder(self.orders, self.queue, self.clock, new_order_id, rate)

    @cached_property
    def read_orders(self) -> ReadOrders:
        """Reads a client's orders."""
        from dexec.usecases.read_orders import ReadOrders

        return ReadOrders(self.orders)

    @cached_property
    def quote_route(self) -> QuoteRoute:
        """Asks the venues and routes."""
        from dexec.adapters.paper.venue import PaperVenue
        from dexec.usecases.quote_route import QuoteRoute

        rate = self.settings.paper_venue_failure_rate
        market = self._market
        venues = [PaperVenue(name, market, self.clock, self._latency, rate) for name in market.makers]
        threads = ThreadPoolExecutor(2 * len(venues), "venue")
        deadline_s = self.settings.quote_deadline_ms / 1000
        return QuoteRoute(venues, self.clock, threads, deadline_s, self.settings.leg_cost_lamports)

    @cached_property
    def execute_order(self) -> ExecuteOrder:
        """Executes orders."""
        from dexec.adapters.paper.cluster import PaperCluster
        from dexec.adapters.paper.signer import PaperSigner
        from dexec.usecases.execute_order import ExecuteOrder, Limits

        settings = self.settings
        rate = settings.paper_failure_rate
        return ExecuteOrder(
            self.orders,
            PaperCluster(self._market, self._ledger, self.clock, self._latency, rate),
            PaperSigner(settings.paper_seed),
            self.quote_route,
            self.clock,
            self._teller,
            new_token,
            random.random,
            Limits(
                settings.max_attempts,
                settings.lease_seconds,
                settings.stop_before_end_ms / 1000,
                settings.quote_max_age_ms / 1000,
                settings.poll_ms / 1000,
            ),
        )

    @cached_property
    def settle_dead_letter(self) -> SettleDeadLetter:
        """Settles what the queue gave up on."""
        from dexec.usecases.settle_dead_letter import SettleDeadLetter

        lease_s = self.settings.lease_seconds
        return SettleDeadLetter(
            self.orders, self.queue, self._outcomes, self.clock, self._teller, new_token, lease_s
        )

    @cached_property
    def sweep(self) -> Sweep:
        """Finds what was lost and tells what was not told."""
        from dexec.usecases.sweep import Sweep

        return Sweep(self.orders, self.watching, self.queue, self.push, self.clock, self._teller)

    @cached_property
    def forget(self) -> Forget:
        """Deletes what is older than the retention."""
        from dexec.adapters.postgres.archive import PostgresArchive
        from dexec.usecases.forget import Forget

        return Forget(PostgresArchive(self._database), self.clock, self.settings.retention_days)

    @cached_property
    def watch_orders(self) -> WatchOrders:
        """Connections and subscriptions."""
        from dexec.usecases.watch_orders import WatchOrders

        settings = self.settings
        most = MostConnections(settings.max_connections_per_client, settings.max_streams_per_client)
        return WatchOrders(self.orders, self.watching, self.push, self.backlogs, self.clock, most)

    @cached_property
    def limit_reads(self) -> LimitReads:
        """Bounds what one key reads."""
        from dexec.usecases.limit_reads import LimitReads

        return LimitReads(self.clock, self.settings.reads_per_minute)

    @cached_property
    def wallets(self) -> Wallets:
        """What clients hold."""
        from dexec.adapters.paper.outcomes import PaperWallets

        return PaperWallets(self._ledger)

    @cached_property
    def check_readiness(self) -> CheckReadiness:
        """Tells whether orders can be taken."""
        from dexec.adapters.postgres.probe import PostgresProbe
        from dexec.usecases.check_readiness import CheckReadiness

        probes = {"order store": PostgresProbe(self._database), "order queue": self.queue}
        return CheckReadiness(probes, self.clock)

    # --- ports ---------------------------------------------------------------------------------------

    @cached_property
    def clock(self) -> Clock:
        """The machine's time."""
        from dexec.adapters.clock import SystemClock

        return SystemClock()

    @cached_property
    def orders(self) -> Orders:
        """Orders and events."""
        from dexec.adapters.postgres.orders import PostgresOrders

        return PostgresOrders(self._database)

    @cached_property
    def watching(self) -> Watching:
        """Connections and watchers."""
        from dexec.adapters.postgres.watching import PostgresWatching

        return PostgresWatching(self._database)

    @cached_property
    def api_keys(self) -> ApiKeys:
        """API keys."""
        from dexec.adapters.postgres.api_keys import PostgresApiKeys

        return PostgresApiKeys(self._database)

    @cached_property
    def queue(self) -> Queue:
        """The order queue."""
        from dexec.adapters.aws import clients as aws
        from dexec.adapters.aws.queue import SqsQueue

        return SqsQueue(aws.queue_http(self.settings.order_queue_url), self.settings.order_queue_url)

    @cached_property
    def push(self) -> Push:
        """Pushes to WebSocket connections."""
        from dexec.adapters.aws import clients as aws
        from dexec.adapters.aws.push import ApiGatewayPush

        return ApiGatewayPush(aws.push_http(self.settings.websocket_callback_url))

    @cached_property
    def backlogs(self) -> Backlogs:
        """Sends backlogs to connections that are still opening."""
        from dexec.adapters.aws import clients as aws
        from dexec.adapters.aws.event_replay import LambdaBacklogs

        http = aws.functions_http(self.settings.url_suffix)
        return LambdaBacklogs(http, os.environ.get("AWS_LAMBDA_FUNCTION_NAME", ""))

    # --- behind the ports ----------------------------------------------------------------------------

    @cached_property
    def _database(self) -> Database:
        from dexec.adapters.postgres.database import Database

        return Database(self._connect)

    @cached_property
    def _ledger(self) -> PaperLedger:
        from dexec.adapters.paper.ledger import PaperLedger
        from dexec.adapters.postgres.database import Database

        return PaperLedger(Database(self._connect))

    @cached_property
    def _connect(self) -> Connect:
        source = self._source(admin=False)
        if self.settings.store_pipelines:
            return source
        from dexec.adapters.postgres import sources

        return sources.without_pipelines(source)

    def _source(self, *, admin: bool) -> Connect:
        from dexec.adapters.postgres import sources

        settings = self.settings
        if settings.database_url:
            return sources.from_url(settings.database_url)
        from dexec.adapters.aws import clients as aws

        if settings.database_secret_arn:
            return sources.from_secret(aws.secrets(), settings.database_secret_arn)
        if settings.dsql_endpoint:
            return sources.from_dsql(aws.dsql_token, settings.dsql_endpoint, admin=admin)
        raise ValueError("set DATABASE_URL, DATABASE_SECRET_ARN or DSQL_ENDPOINT")

    def migrate(self) -> list[str]:
        """Bring the schema up to date and return the migrations that were applied."""
        from dexec.adapters.postgres.migrations import migrate

        return migrate(
            self._source(admin=True),
            self.clock.now(),
            dsql=bool(self.settings.dsql_endpoint),
            role_arns=self.settings.database_role_arns.split(","),
        )

    @cached_property
    def _market(self) -> PaperMarket:
        from dexec.adapters.paper.market import PaperMarket

        return PaperMarket(self.settings.paper_seed)

    @cached_property
    def _latency(self) -> Latency:
        from dexec.adapters.paper.chain_time import LATENCIES

        return LATENCIES[self.settings.paper_latency]

    @cached_property
    def _outcomes(self) -> PaperOutcomes:
        from dexec.adapters.paper.outcomes import PaperOutcomes

        return PaperOutcomes(self._ledger, self.clock)

    @cached_property
    def _push_threads(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(PUSH_THREADS, "push")

    @cached_property
    def _slow_push_threads(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(SLOW_PUSH_THREADS, "slow push")

    def _teller(self) -> Teller:
        from dexec.usecases.tell import GATHER_S, Teller

        deadline_s = self.settings.push_deadline_ms / 1000
        return Teller(
            self.push,
            self.watching,
            self.clock,
            self._push_threads,
            deadline_s=deadline_s,
            gather_s=GATHER_S,
            slow_threads=self._slow_push_threads,
        )


def new_order_id(now: datetime) -> str:
    """Return a fresh order id."""
    return order_id(now, secrets.token_bytes(10))


def new_token() -> str:
    """Return a fresh lease token."""
    return secrets.token_hex(8)


@cache
def container() -> Container:
    """Return the parts of this process, as its environment configures them."""
    return Container(Settings.from_environ(os.environ))


def prepare(*names: str) -> None:
    """Build the named parts before the first request, where Lambda runs this process.

    Lambda starts a function with a whole processor, and then gives it the share that its memory buys: a
    third of one, for 512 MB. What every request needs is imported before. Nothing is connected to.
    """
    if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
        for name in names:
            getattr(container(), name)
