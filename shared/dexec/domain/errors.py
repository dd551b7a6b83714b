"""Every error of the engine, one tree under ``DexecError``.

What went wrong decides what happens next, so the tree follows the *kinds* of failure, not the places
where they are noticed: a caller catches a branch, and each branch has one answer.

DexecError
  Rejected                     the request is at fault: nothing is stored, the client is informed
    Unauthenticated
    NotFound
    ConnectionUnknown
    IdempotencyConflict
    FieldRejected              a field of it is
      Invalid
      WouldTrigger             a stop whose price is reached already
      ExitsCross               exits on the wrong side of each other, or of the entry
    StaleSeq                   an amendment of an order that has changed since
    NotWaiting                 an amendment of an order that does not wait
    TooLateToCancel
    TradingHalted              nothing new is taken now
    TooMany                    ask again later
      TooManyOrders
      TooManyReads
    TooManyConnections
    TooManyWebhooks
  Unavailable                  a back end did not take the call: it had no effect, and may be repeated
    StoreUnavailable
      StoreConflict
    QueueUnavailable
      OrderWithdrawn
    ClusterUnavailable
    VenueUnavailable
    NotReady
    NoPrice
  OutcomeUnknown               the call may have had its effect: look before it is repeated
    CommitUnknown
    SendUnknown
  Ending                       an order can end with it
    AttemptFailed              this attempt is over: another may succeed
      NoVenue
      SlippageExceeded
        LimitNotMet
      BlockhashExpired
    Cancelled
    KeyRevoked
    OrderFailed                no attempt can succeed
      InsufficientFunds
      DeadlinePassed
      PoolDisabled
      InsufficientLiquidity    its kinds by program: ``pools/refusals.py``
  IllegalTransition            a bug of the engine
  SigningHalted                no signature now: hand the message back
  LeaseLost                    another executor has the order: stop
  CancelWished                 a cancel is noted: end the order instead of going on

Which HTTP status each has, and what only the edge raises, is in ``api/problems.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from dexec.domain.arithmetic import BPS, ceil_div
from dexec.domain.error_code import ErrorCode
from dexec.domain.failure import Failure

State = Literal["up", "down"]
"""Whether a back end answers."""

NO_SUCH_ORDER = "there is no such order of this client"
"""Said of an order of another client, too, and of what is no order id: the three are not distinguished."""


class DexecError(Exception):
    """Base of all errors that the engine raises on purpose.

    ``code`` names the error towards clients (a problem's ``code``, an order's ``error.code``) and the page
    that explains it, ``/errors/<code>``; ``str(error)`` is a sentence that may be shown to them. What no
    client sees is ``internal``.
    """

    code: ErrorCode = ErrorCode.INTERNAL


class Rejected(DexecError):
    """The request itself is at fault."""


class Unauthenticated(Rejected):
    """No API key, or one that is unknown or revoked."""

    code = ErrorCode.UNAUTHENTICATED


class NotFound(Rejected):
    """No such resource, or it belongs to another client: the two are not distinguished."""

    code = ErrorCode.NOT_FOUND


class ConnectionUnknown(Rejected):
    """The WebSocket connection is not (or no longer) stored: it would receive nothing. Nothing was done."""

    code = ErrorCode.CONNECTION_UNKNOWN

    def __init__(self) -> None:
        super().__init__("this connection is not known any more; reconnect, then send this again")


class IdempotencyConflict(Rejected):
    """The idempotency key was used before with another body."""

    code = ErrorCode.IDEMPOTENCY_CONFLICT


class FieldRejected(Rejected):
    """One field of the request is at fault; ``field`` names it as the client wrote it."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class Invalid(FieldRejected):
    """A field has a value that no order can have."""

    code = ErrorCode.INVALID


class WouldTrigger(FieldRejected):
    """The market is through the order's stop price already: it would be due at once."""

    code = ErrorCode.WOULD_TRIGGER


class ExitsCross(FieldRejected):
    """Take-profit and stop-loss are on the wrong side of each other, or of the entry."""

    code = ErrorCode.EXITS_CROSS


class StaleSeq(Rejected):
    """The order has changed since the event that an amendment names: read it again. Nothing was changed."""

    code = ErrorCode.STALE_SEQ


class NotWaiting(Rejected):
    """The order does not wait, or not any more, so it cannot be amended."""

    code = ErrorCode.NOT_WAITING


class TooLateToCancel(Rejected):
    """The order is over, or signed: a signed one is cancelled only if its transaction does not land."""

    code = ErrorCode.TOO_LATE_TO_CANCEL


class TradingHalted(Rejected):
    """Trading is halted, for all or for this client: no orders and amendments are taken; cancels are."""

    code = ErrorCode.HALTED


class TooMany(Rejected):
    """The client exceeds one of its limits; ``retry_after_s`` is when it may ask again."""

    def __init__(self, message: str, retry_after_s: int) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class TooManyOrders(TooMany):
    """The client's backlog of scheduled orders is full."""

    code = ErrorCode.TOO_MANY_ORDERS


class TooManyReads(TooMany):
    """The key reads, or sends frames, faster than it may."""

    code = ErrorCode.TOO_MANY_READS


class TooManyWebhooks(Rejected):
    """The client has as many endpoints as it may: one of them has to be deleted first."""

    code = ErrorCode.TOO_MANY_WEBHOOKS


class TooManyConnections(Rejected):
    """The client has as many WebSocket connections as it may: one of them has to be closed first."""

    code = ErrorCode.TOO_MANY_CONNECTIONS


class Unavailable(DexecError):
    """A back end could not be reached or refused the call; it had no effect."""

    code = ErrorCode.UNAVAILABLE


class StoreUnavailable(Unavailable):
    """PostgreSQL could not be reached, or refused for a transient reason."""


class StoreConflict(StoreUnavailable):
    """A transaction kept losing against concurrent ones (SQLSTATE 40001) until the retries were spent."""


class QueueUnavailable(Unavailable):
    """SQS did not accept the message."""


class OrderWithdrawn(QueueUnavailable):
    """An order was stored and could not be queued, so it failed, and its idempotency key is free again.

    Nothing of it was or will be executed; ``order_id`` names it in the client's history.
    """

    def __init__(self, message: str, order_id: str) -> None:
        super().__init__(message)
        self.order_id = order_id


class ClusterUnavailable(Unavailable):
    """The cluster could not be read."""


class VenueUnavailable(Unavailable):
    """A venue did not answer, or not validly; the route is made without it."""


class NotReady(Unavailable):
    """A back end is down; ``checks`` has the state of each by its name."""

    code = ErrorCode.NOT_READY

    def __init__(self, message: str, checks: Mapping[str, State]) -> None:
        super().__init__(message)
        self.checks = checks


class NoPrice(Unavailable):
    """The market gives no price now by which an order that waits could be judged."""

    code = ErrorCode.NO_PRICE


class OutcomeUnknown(DexecError):
    """A call may or may not have had its effect: the connection was lost before the answer came."""

    code = ErrorCode.OUTCOME_UNKNOWN


class CommitUnknown(OutcomeUnknown):
    """The connection was lost while a transaction was committing; ``order_id`` is the order it was for."""

    def __init__(self, message: str, order_id: str = "") -> None:
        super().__init__(message)
        self.order_id = order_id


class SendUnknown(OutcomeUnknown):
    """The cluster did not answer a ``send``: the transaction may land."""


class Ending(DexecError):
    """An error that an order can end with, and that its events show."""

    def failure(self) -> Failure:
        """Return what an order keeps of the error."""
        return Failure(self.code, str(self))


class AttemptFailed(Ending):
    """This attempt cannot go on; another one may (design: kinds *venue* and *market*)."""

    kind = "market"


class NoVenue(AttemptFailed):
    """No venue answered in time with something that can be routed."""

    code = ErrorCode.NO_VENUE
    kind = "venue"


class SlippageExceeded(AttemptFailed):
    """The market moved past the order's limit.

    ``required`` is the limit, ``received`` what the market gave (exact in: output) or asked (exact out:
    input), both in base units; ``shortfall_bps`` is how far past the limit that is, rounded up.
    """

    code = ErrorCode.SLIPPAGE_EXCEEDED

    def __init__(self, what: str, required: int, received: int) -> None:
        self.what = what
        self.required = required
        self.received = received
        self.shortfall_bps = ceil_div(abs(required - received) * BPS, max(1, required))
        super().__init__(self._sentence())

    def _sentence(self) -> str:
        return f"the price moved {self.shortfall_bps} bps beyond the slippage limit: {self.what}"

    def failure(self) -> Failure:
        """Return what an order keeps of the error."""
        return Failure(self.code, str(self), self.shortfall_bps)


class LimitNotMet(SlippageExceeded):
    """The market does not give what the order's own limit asks for, so nothing was signed."""

    def _sentence(self) -> str:
        return self.what


class BlockhashExpired(AttemptFailed):
    """The transaction can no longer land: its blockhash is too old."""

    code = ErrorCode.BLOCKHASH_EXPIRED


class Cancelled(Ending):
    """The order was cancelled: by its client, by an operator, or because what it depended on ended."""

    code = ErrorCode.CANCELLED


class KeyRevoked(Ending):
    """The order was cancelled because its client's API keys were revoked."""

    code = ErrorCode.KEY_REVOKED


class OrderFailed(Ending):
    """The order cannot succeed, now or later (design: kind *fatal*)."""

    code = ErrorCode.ORDER_FAILED


class InsufficientFunds(OrderFailed):
    """The wallet does not hold what the swap takes."""

    code = ErrorCode.INSUFFICIENT_FUNDS


class DeadlinePassed(OrderFailed):
    """The order's deadline passed while nothing of it could land: nothing is signed any more."""

    code = ErrorCode.DEADLINE_PASSED

    def __init__(self, deadline_s: int | None) -> None:
        within = "before it expired" if deadline_s is None else f"within its deadline of {deadline_s} s"
        super().__init__(f"not filled {within}; nothing was traded")


class PoolDisabled(OrderFailed):
    """The pool does not trade any more."""

    code = ErrorCode.POOL_DISABLED


class InsufficientLiquidity(OrderFailed):
    """No pool can give that much."""

    code = ErrorCode.INSUFFICIENT_LIQUIDITY


class IllegalTransition(DexecError):
    """The lifecycle does not list this transition: a bug."""


class SigningHalted(DexecError):
    """Nothing new may be signed for this order now: execution is paused, or its client has no valid key."""


class LeaseLost(DexecError):
    """The lease was lost: another executor has the order, and this one must not write."""


class CancelWished(DexecError):
    """Whoever may asked to cancel the order while it was signed; ``by`` says who.

    Its transaction did not fill it and no longer can, so it is cancelled now, instead of tried again.
    """

    def __init__(self, by: str) -> None:
        super().__init__(f"cancelled by {by}")
        self.by = by
