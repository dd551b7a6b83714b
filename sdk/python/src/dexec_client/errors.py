"""Everything that the client raises.

::

    DexecError                   any of these
    ├── BadAddress               no valid URL, or one that no deployment answers under; nothing was sent
    ├── ConnectionLost           no answer: no connection, a broken one, or a time-out
    ├── UnexpectedAnswer         an answer that this client cannot read: the deployment may be much newer
    ├── ApiError                 the deployment refused; has status, code and problem (RFC 9457)
    │   ├── BadRequest           400, 413: the body is no JSON object, or too large
    │   ├── Unauthorized         401, 403: no API key, or one that is unknown or revoked
    │   ├── NotFound             404: no such order, or it is another client's
    │   ├── Conflict             409: the key is another order's, or the order is not as supposed; see code
    │   ├── Invalid              422: a field has a value that it cannot have; has fields
    │   ├── RateLimited          429: has retry_after
    │   ├── Unavailable          502, 503, 504: a back end does not answer, or is busy
    │   └── ServerError          any other 5xx
    ├── NotDone                  an order had not ended in time (also a TimeoutError)
    └── OrderFailed              raise_for_failure() on an order that ended unfilled; has order
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dexec_client.results import Order


class DexecError(Exception):
    """Base of all errors of the client; ``status`` is the HTTP status, 0 where there was no answer.

    ``retry_after`` is in how many seconds the deployment wants to be asked again, where it said so;
    ``idempotency_key`` is that of the order which ``execute`` could not place, to repeat it with.
    """

    idempotency_key: str | None = None

    def __init__(self, message: str, status: int = 0, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after

    @property
    def is_unknown(self) -> bool:
        """Whether the request may have been carried out nevertheless."""
        return False


class BadAddress(DexecError):
    """The address is no valid URL, or no dexec deployment answers under it."""


class ConnectionLost(DexecError):
    """There was no answer: no connection, a broken one, or a time-out."""

    @property
    def is_unknown(self) -> bool:
        """True: what was sent may have arrived."""
        return True


class UnexpectedAnswer(DexecError):
    """The answer lacks what this client needs of it: the deployment may be much older, or newer."""

    @property
    def is_unknown(self) -> bool:
        """True: an order may have been placed."""
        return True


class ApiError(DexecError):
    """The deployment refused a request; ``problem`` is the RFC 9457 document, or the frame, that says why."""

    def __init__(
        self,
        message: str,
        status: int,
        problem: Mapping[str, object] | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message, status, retry_after)
        self.problem = problem or {}

    @property
    def code(self) -> str:
        """What the refusal is called, such as ``idempotency_conflict``; empty where a gateway refused."""
        named = self.problem.get("code") or str(self.problem.get("type", "")).rpartition("/")[2]
        return str(named).replace("-", "_")

    @property
    def order_id(self) -> str | None:
        """The order that was withdrawn (503), or of which it is not known whether it was stored (504)."""
        found = self.problem.get("orderId")
        return None if found is None else str(found)

    @property
    def is_unknown(self) -> bool:
        """Whether the request may have been carried out nevertheless.

        A 503 of the engine itself, which has a problem type, says that nothing was. A 500 may have come after
        the order was stored: a gateway gives it for a function that ran out of time.
        """
        return self.status >= 500 and (self.status != 503 or "type" not in self.problem)


class BadRequest(ApiError):
    """The body is no JSON object, or too large (400, 413)."""


class Unauthorized(ApiError):
    """There is no API key, or it is unknown or revoked (401, 403)."""


class NotFound(ApiError):
    """There is no such order, or it belongs to another client (404)."""


class Conflict(ApiError):
    """The idempotency key was used before, with another order (409); or the order is not as was supposed.

    ``code`` says which: ``idempotency_conflict``, ``stale_seq``, ``not_waiting``, ``too_late_to_cancel``.
    """


class Invalid(ApiError):
    """A field has a value that it cannot have (422)."""

    @property
    def fields(self) -> dict[str, str]:
        """What is wrong with each field that is at fault, by its name in the API."""
        found = self.problem.get("errors")
        entries = [entry for entry in found if isinstance(entry, dict)] if isinstance(found, list) else []
        return {str(entry.get("field")): str(entry.get("message")) for entry in entries}


class RateLimited(ApiError):
    """Too many orders wait already, or the key reads too often (429); ``retry_after`` says when to go on."""


class Unavailable(ApiError):
    """A back end does not answer, or is busy (502, 503, 504); ``is_unknown`` says whether it may be done."""


class ServerError(ApiError):
    """The deployment failed (5xx)."""


class NotDone(DexecError, TimeoutError):
    """An order had not ended in time; it goes on."""


_ENDED = {"cancelled": "was cancelled"}


class OrderFailed(DexecError):
    """An order failed, was cancelled or expired: nothing was traded. ``order`` is it, ``code`` names why."""

    def __init__(self, order: Order) -> None:
        reason = order.error.message if order.error else "no reason is given"
        super().__init__(f"order {order.order_id} {_ENDED.get(order.status, order.status)}: {reason}")
        self.order = order
        self.code = order.error.code if order.error else ""


_BY_STATUS: Mapping[int, type[ApiError]] = {
    400: BadRequest,
    401: Unauthorized,
    403: Unauthorized,
    404: NotFound,
    409: Conflict,
    413: BadRequest,
    422: Invalid,
    429: RateLimited,
    502: Unavailable,
    503: Unavailable,
    504: Unavailable,
}


def refusal(
    message: str,
    status: int,
    problem: Mapping[str, object] | None = None,
    retry_after: float | None = None,
) -> ApiError:
    """Return the error of an HTTP status."""
    kind = _BY_STATUS.get(status, ServerError if status >= 500 else ApiError)
    return kind(message, status, problem, retry_after)


def seconds(value: str | None) -> float | None:
    """Return a ``Retry-After`` header in seconds; None for the form with a date, which nothing here sends."""
    return float(value) if value is not None and value.isdecimal() else None
