"""The composition root: the chain, the use cases, and the container of this process.

Everything is built when it is first used, so a function imports and connects to what it needs, no more.
"""

from __future__ import annotations

import os
from concurrent.futures import Executor, ThreadPoolExecutor
from datetime import timedelta
from functools import cache, cached_property, partial
from typing import TYPE_CHECKING

from dexec.domain.lifecycle import RESTING
from dexec.ports import MostConnections, RateLimit
from dexec.settings import Settings
from dexec.wiring import Adapters

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from dexec.adapters.paper import PaperDesk
    from dexec.adapters.postgres.orders import Held
    from dexec.domain.order import Event, Order
    from dexec.domain.quote import RouteRequest
    from dexec.domain.risk import Reservation, RiskLimits
    from dexec.domain.waiting.conditions import Kind
    from dexec.domain.waiting.terms import Terms
    from dexec.ports import Chain, Wallets, Watcher, Written
    from dexec.usecases.amend_order import AmendOrder
    from dexec.usecases.authenticate import Authenticate
    from dexec.usecases.cancel_orders import CancelOrders
    from dexec.usecases.check_readiness import CheckReadiness
    from dexec.usecases.deliver_webhooks import DeliverWebhooks
    from dexec.usecases.execute_order import ExecuteOrder
    from dexec.usecases.forget import Forget
    from dexec.usecases.halt import Halt
    from dexec.usecases.hint_webhooks import HintWebhooks
    from dexec.usecases.judge_terms import JudgeTerms
    from dexec.usecases.limit_reads import LimitReads
    from dexec.usecases.manage_webhooks import ManageWebhooks
    from dexec.usecases.measure_waiting import MeasureWaiting
    from dexec.usecases.notify import Notifier
    from dexec.usecases.place_order import PlaceOrder
    from dexec.usecases.quote_route import Decision, QuoteRoute
    from dexec.usecases.read_orders import ReadOrders
    from dexec.usecases.read_risk import ReadRisk
    from dexec.usecases.reference import Reference
    from dexec.usecases.risk import CheckRisk
    from dexec.usecases.settle_dead_letter import SettleDeadLetter
    from dexec.usecases.start_ticking import StartTicking
    from dexec.usecases.sweep import Sweep
    from dexec.usecases.sweep_webhooks import SweepWebhooks
    from dexec.usecases.tell_exit import TellExit
    from dexec.usecases.tell_orders import TellOrders
    from dexec.usecases.watch_market import WatchMarket
    from dexec.usecases.watch_orders import WatchOrders


class Container(Adapters):
    """The parts of one process: ``Container(settings)``, or with parts that are given: ``clock=…``."""

    @cached_property
    def chain(self) -> Chain:
        """Venues, cluster, signer and wallets."""
        from dexec.adapters.paper import paper_chain, paper_ledger

        settings = self.settings
        return paper_chain(
            lambda: paper_ledger(self._new_database()),
            self.clock,
            seed=settings.paper_seed,
            latency=settings.paper_latency,
            spread=settings.paper_spread,
            failure_rate=settings.paper_failure_rate,
            venue_failure_rate=settings.paper_venue_failure_rate,
            tape=settings.paper_tape,
        )

    @cached_property
    def paper_desk(self) -> PaperDesk:
        """Shows and moves the prices of the paper market; no function does."""
        from dexec.adapters.paper import paper_desk, paper_ledger

        settings = self.settings
        return paper_desk(
            paper_ledger(self._new_database()),
            self.clock,
            seed=settings.paper_seed,
            latency=settings.paper_latency,
            spread=settings.paper_spread,
            tape=settings.paper_tape,
        )

    @property
    def _held(self) -> Held:
        from dexec.adapters.paper import paper_held

        return paper_held()

    @cached_property
    def venue_threads(self) -> Executor:
        """Ask the venues; one that hangs must not take the place of the next question."""
        return ThreadPoolExecutor(2 * len(self.chain.venues), "venue")

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

        return PlaceOrder(
            self.orders,
            self.queue,
            self.clock,
            self.new_order_id,
            self._default_rate,
            self.announce_order,
            self._hint,
            self._judge,
            self._start_ticking,
            self.settings.waiting_orders,
            self._check_placing,
        )

    def _check_placing(self, limits: RiskLimits | None, order: Order) -> None:
        """Judge an order by its client's limits; what that takes is built where it has some."""
        if limits is not None:
            self.check_risk.placing(limits, order)

    def _check_signing(
        self, limits: RiskLimits | None, order: Order, decision: Decision
    ) -> Reservation | None:
        return None if limits is None else self.check_risk.signing(limits, order, decision)

    @cached_property
    def check_risk(self) -> CheckRisk:
        """Judges orders by the limits of their clients."""
        from dexec.usecases.risk import CheckRisk

        return CheckRisk(self.risk, self.reference, self.clock)

    @property
    def _default_rate(self) -> RateLimit:
        """How fast the holder of a key may place orders that does not say it."""
        settings = self.settings
        return RateLimit(60 / settings.orders_per_minute, settings.order_burst, settings.max_backlog_seconds)

    def _judge(self, request: RouteRequest, terms: Terms | None, exits: Terms | None) -> Kind | None:
        """Judge what waits; what that takes is built when such an order comes."""
        return self.judge_terms(request, terms, exits)

    def _start_ticking(self, order: Order) -> None:
        """Have the market watched for what waits; what that takes is built when such an order comes."""
        self.start_ticking(order)

    @cached_property
    def judge_terms(self) -> JudgeTerms:
        """Says what the market makes of an order's terms."""
        from dexec.usecases.judge_terms import JudgeTerms

        return JudgeTerms(self.waiting.newest, self.reference, self.clock)

    @cached_property
    def reference(self) -> Reference:
        """The prices of books by one look at the venues."""
        from dexec.domain.tokens import parse_token_amounts
        from dexec.usecases.reference import Reference

        return Reference(self.quote_route, parse_token_amounts(self.settings.reference_amounts))

    def announce_order(self, order: Order, event: Event, watcher: str | None) -> None:
        """Tell streams of an order that waits; what that takes is built when one does."""
        from dexec.usecases.announce_order import AnnounceOrder

        AnnounceOrder(self.watching, self.clock, self.new_notifier)(order, event, watcher)

    def _hint(self, order: Order) -> None:
        """Tell the sender of webhooks of an order, where its client has some."""
        if order.hooks:
            self.hint_webhooks(order)

    def _hint_soon(self, order: Order) -> None:
        if order.hooks:
            self.hint_webhooks.soon(order)

    @cached_property
    def hint_webhooks(self) -> HintWebhooks:
        """Tells the sender of webhooks of new events."""
        from dexec.usecases.hint_webhooks import HintWebhooks

        return HintWebhooks(self.hook_queue, self.push_threads)

    @cached_property
    def manage_webhooks(self) -> ManageWebhooks:
        """Lets clients manage their endpoints."""
        from dexec.usecases.manage_webhooks import ManageWebhooks

        most = self.settings.max_webhooks_per_client
        return ManageWebhooks(self.webhooks, self.hook_queue, self.post, self.clock, self.randomness, most)

    @cached_property
    def deliver_webhooks(self) -> DeliverWebhooks:
        """Sends to endpoints."""
        from dexec.api.webhooks import event_body, ping_body
        from dexec.usecases.deliver_webhooks import DeliverWebhooks

        return DeliverWebhooks(
            self.outbox,
            self.webhooks,
            self.post,
            self.hook_queue,
            self.clock,
            event_body,
            ping_body,
            self.new_token,
            self.jitter,
            timedelta(days=self.settings.webhook_disable_days),
        )

    @cached_property
    def sweep_webhooks(self) -> SweepWebhooks:
        """Queues what is due to endpoints, and deletes old records."""
        from dexec.usecases.sweep_webhooks import SweepWebhooks

        days = self.settings.webhook_retention_days
        return SweepWebhooks(self.outbox, self.hook_queue, self.clock, days)

    @cached_property
    def read_orders(self) -> ReadOrders:
        """Reads a client's orders."""
        from dexec.usecases.read_orders import ReadOrders

        return ReadOrders(self.orders, self.ticks, self.clock)

    @cached_property
    def quote_route(self) -> QuoteRoute:
        """Asks the venues and routes."""
        from dexec.usecases.quote_route import QuoteRoute

        settings = self.settings
        deadline_s = settings.quote_deadline_ms / 1000
        return QuoteRoute(
            self.chain.venues, self.clock, self.venue_threads, deadline_s, settings.leg_cost_lamports
        )

    @cached_property
    def watch_market(self) -> WatchMarket:
        """Ticks the books in which something waits, and triggers what is due."""
        from dexec.usecases.announce_changes import AnnounceChanges
        from dexec.usecases.judge_tick import JudgeTick
        from dexec.usecases.watch_market import WatchMarket

        settings = self.settings
        tell = self._tell_exit
        announce = AnnounceChanges(self.queue, self.clock, self.new_notifier, self._hint_soon, tell)
        return WatchMarket(
            self.waiting,
            self.orders,
            self.queue,
            self.reference,
            self.clock,
            self.new_token,
            JudgeTick(self.waiting, self.clock, announce, settings.leg_cost_lamports),
            settings.tick_ms / 1000,
            settings.trigger_shards,
        )

    @cached_property
    def measure_waiting(self) -> MeasureWaiting:
        """Measures what waits."""
        from dexec.usecases.measure_waiting import MeasureWaiting

        return MeasureWaiting(self.waiting, self.clock, self.settings.trigger_shards)

    @cached_property
    def start_ticking(self) -> StartTicking:
        """Starts the function that ticks a book, where none does."""
        from dexec.usecases.start_ticking import StartTicking

        return StartTicking(self.waiting, self.starter, self.clock, self.settings.trigger_shards)

    @cached_property
    def execute_order(self) -> ExecuteOrder:
        """Executes orders."""
        from dexec.usecases.execute_order import ExecuteOrder, Limits

        settings = self.settings
        return ExecuteOrder(
            self.orders,
            self.chain.cluster,
            self.chain.signer,
            self.chain.wallets,
            self.quote_route,
            self.clock,
            self.new_notifier,
            self.new_token,
            self.jitter,
            Limits(
                settings.max_attempts,
                settings.lease_seconds,
                settings.stop_before_end_ms / 1000,
                settings.quote_max_age_ms / 1000,
                settings.poll_ms / 1000,
            ),
            self._hint,
            self._hint_soon,
            self._tell_exit,
            settings.waiting_orders,
            self._check_signing,
        )

    def _tell_exit(self, order: Order, watchers: Sequence[Watcher], ends_at: datetime) -> None:
        """Tell of what waits because of an execution; of most orders, nothing does."""
        if order.exit_id is not None or order.status in RESTING:
            self.tell_exit(order, watchers, ends_at)

    @cached_property
    def tell_exit(self) -> TellExit:
        """Tells of exits that are opened or cancelled."""
        from dexec.usecases.tell_exit import TellExit

        return TellExit(self.orders, self.new_notifier, self._hint, self._start_ticking)

    @cached_property
    def settle_dead_letter(self) -> SettleDeadLetter:
        """Settles dead letters."""
        from dexec.usecases.settle_dead_letter import SettleDeadLetter

        return SettleDeadLetter(
            self.orders,
            self.queue,
            self.chain.outcomes,
            self.clock,
            self.new_notifier,
            self.new_token,
            self.settings.lease_seconds,
            self._hint,
            self._tell_exit,
        )

    @cached_property
    def sweep(self) -> Sweep:
        """Re-queues lost orders and delivers missed events."""
        from dexec.usecases.sweep import Sweep

        return Sweep(self.orders, self.watching, self.queue, self.push, self.clock, self.new_notifier)

    @cached_property
    def forget(self) -> Forget:
        """Deletes what is older than the retention."""
        from dexec.usecases.forget import Forget

        return Forget(self.archive, self.clock, self.settings.retention_days)

    @cached_property
    def watch_orders(self) -> WatchOrders:
        """Connections and subscriptions."""
        from dexec.api.frames import first_frame
        from dexec.usecases.watch_orders import WatchOrders

        settings = self.settings
        most = MostConnections(settings.max_connections_per_client, settings.max_streams_per_client)
        return WatchOrders(
            self.orders, self.watching, self.push, self.event_replay, self.clock, most, first_frame
        )

    @cached_property
    def limit_reads(self) -> LimitReads:
        """Bounds what one key reads."""
        from dexec.usecases.limit_reads import LimitReads

        return LimitReads(self.clock, self.settings.reads_per_minute)

    @cached_property
    def check_readiness(self) -> CheckReadiness:
        """Checks whether orders can be taken."""
        from dexec.usecases.check_readiness import CheckReadiness

        return CheckReadiness({"order store": self.store_probe, "order queue": self.queue}, self.clock)

    @cached_property
    def read_risk(self) -> ReadRisk:
        """Reads limits, halts and balances."""
        from dexec.usecases.read_risk import ReadRisk

        return ReadRisk(self.risk, self.control, self.wallets, self.clock)

    @cached_property
    def halt(self) -> Halt:
        """Stops what is being signed."""
        from dexec.usecases.halt import Halt

        return Halt(self.control, self.clock, self.settings.lease_seconds)

    @cached_property
    def cancel_orders(self) -> CancelOrders:
        """Cancels what is not signed."""
        from dexec.usecases.cancel_orders import CancelOrders

        return CancelOrders(self.control, self.clock, self._tell, self.settings.waiting_orders)

    @cached_property
    def amend_order(self) -> AmendOrder:
        """Amends what waits."""
        from dexec.usecases.amend_order import AmendOrder

        return AmendOrder(
            self.orders,
            self.clock,
            self.judge_terms,
            self._default_rate,
            self._tell,
            self._check_placing,
        )

    def _tell(self, written: Sequence[Written]) -> None:
        """Tell of what no executor wrote; what that takes is built where there is someone to tell."""
        if any(one.watchers or one.order.hooks for one in written):
            self.tell_orders(written)

    @cached_property
    def tell_orders(self) -> TellOrders:
        """Tells watchers and webhooks of cancelled and amended orders."""
        from dexec.usecases.tell_orders import TellOrders

        return TellOrders(self.clock, self.new_notifier, self._hint)

    @property
    def wallets(self) -> Wallets:
        """What clients hold."""
        return self.chain.wallets

    def new_notifier(self, starts_at: datetime | None = None) -> Notifier:
        """Return the notifier of one order's watchers; each run has its own.

        Its frames say when the order's turn comes, where ``starts_at`` is given.
        """
        from dexec.api.frames import first_frame
        from dexec.usecases.notify import Notifier

        return Notifier(
            self.push,
            self.watching,
            self.clock,
            self.push_threads,
            partial(first_frame, starts_at=starts_at),
            deadline_s=self.settings.push_deadline_ms / 1000,
            gather_s=self.gather_s,
            slow_threads=self.slow_push_threads,
            waiting=self.push_wait,
        )


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
