"""Executes one order: claim, route, build, submit, settle; resumes what an earlier run left unfinished."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from dexec.domain.error_code import ErrorCode
from dexec.domain.errors import (
    AttemptFailed,
    CancelWished,
    DexecError,
    IllegalTransition,
    LeaseLost,
    OrderFailed,
    OutcomeUnknown,
    SigningHalted,
    Unavailable,
)
from dexec.domain.failure import Failure
from dexec.domain.lifecycle import CLAIMABLE, Status
from dexec.domain.order import (
    Change,
    Event,
    Order,
    SignedTransaction,
    build,
    confirm,
    submit,
)
from dexec.domain.quote import Mode
from dexec.domain.routing import record_fill, record_route
from dexec.domain.waiting.steps import untrigger
from dexec.ports import (
    Claim,
    ClaimOutcome,
    Clock,
    Cluster,
    Orders,
    Signer,
    Wallets,
    Watcher,
)
from dexec.usecases.aftermath import after_attempt, after_wish
from dexec.usecases.guards import check_deadline, check_funds, check_limit
from dexec.usecases.landing import Landing
from dexec.usecases.notify import Notifier
from dexec.usecases.notify_exit import Notify
from dexec.usecases.quote_route import Decision, QuoteRoute
from dexec.usecases.redelivery import (
    PAUSED_DELAY_S,
    SHORT_WAIT_S,
    Redelivery,
    Stop,
    after_outage,
    not_claimed,
)
from dexec.usecases.report import Report, Reporting, keep_quiet
from dexec.usecases.risk import RiskCheck

HALTED = Failure(ErrorCode.HALTED, "trading is paused or halted, or the client has no valid API key")


@dataclass(frozen=True, slots=True)
class Limits:
    """The parameters of an execution."""

    max_attempts: int
    lease_s: float
    stop_before_end_s: float
    quote_max_age_s: float
    poll_s: float


@dataclass(frozen=True, slots=True)
class ExecuteOrder:
    """The use case; ``new_token`` makes a lease token, ``jitter`` a number in [0, 1).

    ``hint`` is called with an order at the end of a run, ``hint_soon`` while it goes on; ``notify_exit``
    follows up what a run did. Where ``expires`` is false, an order that is past its time fails.
    """

    orders: Orders
    cluster: Cluster
    signer: Signer
    wallets: Wallets
    quote_route: QuoteRoute
    clock: Clock
    new_notifier: Callable[[], Notifier]
    new_token: Callable[[], str]
    jitter: Callable[[], float]
    limits: Limits
    hint: Callable[[Order], None]
    hint_soon: Callable[[Order], None]
    notify_exit: Notify
    expires: bool
    check_risk: RiskCheck

    def __call__(
        self, order_id: str, receives: int, ends_at: datetime, report: Reporting = keep_quiet
    ) -> Redelivery | None:
        """Execute the order as far as possible; None if its message can be deleted.

        ``receives`` counts the deliveries of the message, ``ends_at`` is when this invocation is cut off,
        ``report`` is called at the end of a run that had the order. Raises only for bugs.
        """
        try:
            claim = self._claim(order_id)
        except (Unavailable, OutcomeUnknown) as exc:
            return self.later(receives, exc)
        if claim.order is None or claim.outcome in (ClaimOutcome.PARKED, ClaimOutcome.RESTING):
            return None
        if claim.outcome not in (ClaimOutcome.CLAIMED, ClaimOutcome.TERMINAL):
            return not_claimed(claim.outcome, claim.order, self.clock.now())
        with self.new_notifier().until(ends_at) as notifier:
            notifier.notify(claim.events, claim.watchers)
            run = _Run(self, notifier, claim.order, ends_at, claim)
            redelivery = run.to_the_end(receives)
        self.hint(run.order)
        if claim.outcome is ClaimOutcome.CLAIMED:
            self.notify_exit(run.order, run.watchers, ends_at)
            report(Report(claim.order, run.order, claim.events + run.events, notifier.failures))
        if redelivery is None and notifier.error is not None:
            return self.later(receives, notifier.error)
        return redelivery

    def _claim(self, order_id: str) -> Claim:
        token = self.new_token()
        while True:
            now = self.clock.now()
            claim = self.orders.claim(order_id, token, now, now + timedelta(seconds=self.limits.lease_s))
            if claim.outcome is not ClaimOutcome.NOT_YET or claim.order is None:
                return claim
            wait_s = (claim.order.run_at - now).total_seconds()
            if wait_s > SHORT_WAIT_S:
                return claim
            self.clock.sleep(wait_s)

    def later(self, receives: int, exc: DexecError) -> Redelivery:
        """Return the redelivery after an infrastructure error."""
        return after_outage(receives, str(exc), self.jitter())


class _Run:
    """One executor's run of one order, from the claim to the order's end or the release of the lease."""

    def __init__(
        self,
        case: ExecuteOrder,
        notifier: Notifier,
        order: Order,
        ends_at: datetime,
        claim: Claim,
    ) -> None:
        self._case = case
        self._claim = claim
        self._held = claim.held
        self._notifier = notifier
        stop_at = ends_at - timedelta(seconds=case.limits.stop_before_end_s)
        self._landing = Landing(case.cluster, case.clock, case.limits.poll_s, stop_at)
        self.order = order
        self.events: tuple[Event, ...] = ()
        self.watchers: tuple[Watcher, ...] = ()

    def to_the_end(self, receives: int) -> Redelivery | None:
        """Make attempt after attempt until the order has ended or rests, or its message is redelivered."""
        try:
            if self._claim.halted:
                self._untrigger()
            while self.order.status in CLAIMABLE:
                self._attempt()
        except Stop as stop:
            return self._release_lease(stop.redelivery)
        except LeaseLost:
            return Redelivery(SHORT_WAIT_S, "the lease was lost")
        except SigningHalted as exc:
            return self._halted(receives, exc)
        except (Unavailable, OutcomeUnknown) as exc:
            return self._release_lease(self._case.later(receives, exc))
        return None

    def _attempt(self) -> None:
        try:
            fresh = self.order.status is not Status.SUBMITTED
            if fresh:
                self._submit()
            landed = self._landing(self._transaction(), send_first=fresh)
            if landed.fill is None:
                raise landed.error or OrderFailed("the transaction failed on chain")
            request = self.order.trades
            fill = record_fill(landed.fill, request.token_in, request.token_out)
            self._save(confirm(self.order, self._now(), fill))
        except (AttemptFailed, OrderFailed) as exc:
            self._end_attempt(exc)

    def _end_attempt(self, exc: AttemptFailed | OrderFailed) -> None:
        case = self._case
        events = (*self._claim.events, *self.events)
        after = after_attempt(
            self.order, exc, self._now(), case.limits.max_attempts, events, expires=case.expires
        )
        try:
            self._save(after.change)
        except CancelWished as wish:
            self._save(after_wish(self.order, wish.by, self._now()))
            return
        if after.delay_s is not None:
            raise Stop(Redelivery(after.delay_s, str(exc)))

    def _untrigger(self) -> None:
        """Let what waits for its price rest as if nothing had triggered it: its client may not trade."""
        self._save(untrigger(self.order, self._now(), HALTED))

    def _halted(self, receives: int, exc: SigningHalted) -> Redelivery | None:
        if self.order.waiting is None:
            return self._release_lease(Redelivery(PAUSED_DELAY_S, str(exc)))
        try:
            self._untrigger()
        except (LeaseLost, Unavailable, OutcomeUnknown) as lost:
            return self._release_lease(self._case.later(receives, lost))
        return None

    def _submit(self) -> None:
        """Route, build and sign; the signed transaction is stored when this returns, and not sent yet."""
        cluster, signer, request = self._case.cluster, self._case.signer, self.order.trades
        if request.mode is Mode.EXACT_IN:
            self._check_funds(request.amount)
        decision = self._decide()
        blockhash = cluster.latest_blockhash()
        while decision.age_s(self._now()) > self._case.limits.quote_max_age_s:
            decision = self._decide()
        check_limit(request, decision.route, self.order.limit_price)
        self._check_funds(decision.route.amount_in)
        reserved = self._case.check_risk(self._claim.limits, self.order, decision)
        self._save(build(self.order, self._now(), record_route(decision.route)))
        check_deadline(self.order, self._now())
        signed = signer.sign(self.order.id, self.order.client_id, decision.route.plan(), blockhash)
        self._save(submit(self.order, self._now(), signed, reserved))
        self._case.hint_soon(self.order)

    def _decide(self) -> Decision:
        self._landing.check_time()
        check_deadline(self.order, self._now())
        return self._case.quote_route(self.order.trades)

    def _check_funds(self, needed: int) -> None:
        """Raise ``InsufficientFunds``; the wallet is asked only if it held too little at the claim."""
        token = self.order.request.token_in
        if self._held.get(token, 0) < needed:
            self._held = self._case.wallets.balances(self.order.client_id)
            check_funds(token, needed, self._held.get(token, 0))

    def _transaction(self) -> SignedTransaction:
        if self.order.transaction is None:
            raise IllegalTransition(f"{self.order.id} is submitted without a transaction")
        return self.order.transaction

    def _save(self, change: Change) -> None:
        watchers = self._case.orders.save(change)
        self.order = change.after
        self.events += change.events
        self.watchers = watchers
        self._notifier.notify(change.events, watchers)

    def _release_lease(self, redelivery: Redelivery) -> Redelivery:
        if self.order.lease_token is not None:
            run_at = self._now() + timedelta(seconds=redelivery.delay_s)
            # If the store is unavailable, the lease expires by itself.
            with suppress(Unavailable, OutcomeUnknown):
                self._case.orders.release(self.order, run_at)
        return redelivery

    def _now(self) -> datetime:
        return self._case.clock.now()
