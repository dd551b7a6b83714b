"""Builds the use cases behind the APIs: place, amend, cancel, read and watch orders; keys and limits."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from dexec.composition.market import Market
from dexec.composition.notifying import Notifying
from dexec.ports import MostConnections, RateLimit

if TYPE_CHECKING:
    from dexec.domain.quote import RouteRequest
    from dexec.domain.waiting.conditions import Kind
    from dexec.domain.waiting.terms import Terms
    from dexec.usecases.amend_order import AmendOrder
    from dexec.usecases.authenticate import Authenticate
    from dexec.usecases.cancel_orders import CancelOrders
    from dexec.usecases.judge_terms import JudgeTerms
    from dexec.usecases.limit_reads import LimitReads
    from dexec.usecases.manage_webhooks import ManageWebhooks
    from dexec.usecases.place_order import PlaceOrder
    from dexec.usecases.read_orders import ReadOrders
    from dexec.usecases.read_risk import ReadRisk
    from dexec.usecases.watch_orders import WatchOrders


class Accepting(Market, Notifying):
    """What clients ask for."""

    @cached_property
    def authenticate(self) -> Authenticate:
        """Who is calling."""
        from dexec.usecases.authenticate import Authenticate

        return Authenticate(self.api_keys, self.clock)

    @cached_property
    def limit_reads(self) -> LimitReads:
        """Bounds what one key reads."""
        from dexec.usecases.limit_reads import LimitReads

        return LimitReads(self.clock, self.settings.reads_per_minute)

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

    @property
    def _default_rate(self) -> RateLimit:
        """How fast the holder of a key may place orders that does not say it."""
        settings = self.settings
        return RateLimit(60 / settings.orders_per_minute, settings.order_burst, settings.max_backlog_seconds)

    @cached_property
    def judge_terms(self) -> JudgeTerms:
        """Says what the market makes of an order's terms."""
        from dexec.usecases.judge_terms import JudgeTerms

        return JudgeTerms(self.ticks, self.reference, self.clock)

    def _judge(self, request: RouteRequest, terms: Terms | None, exits: Terms | None) -> Kind | None:
        """Judge what waits; what that takes is built when such an order comes."""
        return self.judge_terms(request, terms, exits)

    @cached_property
    def amend_order(self) -> AmendOrder:
        """Amends what waits."""
        from dexec.usecases.amend_order import AmendOrder

        return AmendOrder(
            self.orders,
            self.clock,
            self.judge_terms,
            self._default_rate,
            self._notify,
            self._check_placing,
            self.settings.waiting_orders,
        )

    @cached_property
    def cancel_orders(self) -> CancelOrders:
        """Cancels what is not signed."""
        from dexec.usecases.cancel_orders import CancelOrders

        return CancelOrders(self.control, self.clock, self._notify, self.settings.waiting_orders)

    @cached_property
    def read_orders(self) -> ReadOrders:
        """Reads a client's orders."""
        from dexec.usecases.read_orders import ReadOrders

        return ReadOrders(self.orders, self.ticks, self.clock)

    @cached_property
    def read_risk(self) -> ReadRisk:
        """Reads limits, halts and balances."""
        from dexec.usecases.read_risk import ReadRisk

        return ReadRisk(self.risk, self.control, self.wallets, self.clock)

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
    def manage_webhooks(self) -> ManageWebhooks:
        """Lets clients manage their endpoints."""
        from dexec.usecases.manage_webhooks import ManageWebhooks

        most = self.settings.max_webhooks_per_client
        return ManageWebhooks(self.webhooks, self.hook_queue, self.post, self.clock, self.randomness, most)
