"""Who cancels an order (client, operator, revocation, entry), and the failure recorded for each."""

from __future__ import annotations

from dexec.domain.error_code import ErrorCode
from dexec.domain.failure import Failure
from dexec.domain.order import Withdrawal

_CANCELLED = ErrorCode.CANCELLED

BY_CLIENT = Withdrawal("client", Failure(_CANCELLED, "cancelled by its client before it was filled"))
BY_OPERATOR = Withdrawal("operator", Failure(_CANCELLED, "cancelled by an operator before it was filled"))
BY_REVOCATION = Withdrawal(
    "key_revoked",
    Failure(ErrorCode.KEY_REVOKED, "cancelled before it was filled: the API key of its client was revoked"),
)
OF_EXIT = Withdrawal("entry", Failure(_CANCELLED, "cancelled because its entry ended without a fill"))
"""Of the held exit of an entry that will never fill."""

_ALL = {one.by: one for one in (BY_CLIENT, BY_OPERATOR, BY_REVOCATION, OF_EXIT)}


def withdrawal(by: str) -> Withdrawal:
    """Return what stands for a cancel that was noted on a submitted order (``Order.cancelled_by``)."""
    return _ALL.get(by) or Withdrawal(by, Failure(_CANCELLED, f"cancelled by {by} before it was filled"))
