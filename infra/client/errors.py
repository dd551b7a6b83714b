"""Errors of the client."""

from __future__ import annotations

from collections.abc import Mapping


class ApiError(Exception):
    """The deployment refused a request, or did not answer; ``status`` is 0 where there was no answer.

    ``problem`` is the answer's RFC 9457 document where it had one, ``retry_after_s`` what its
    ``Retry-After`` said.
    """

    def __init__(
        self,
        message: str,
        status: int = 0,
        problem: Mapping[str, object] | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.problem = problem or {}
        self.retry_after_s = retry_after_s

    @property
    def is_unknown(self) -> bool:
        """Whether the request may have been executed nevertheless.

        A 503 of the engine itself, which has a problem type, says that nothing was.
        """
        return self.status in (0, 502, 504) or (self.status == 503 and "type" not in self.problem)


class BadAddress(ApiError):
    """The deployment's address is not a valid URL: nothing was sent."""


def retry_after(value: str | None) -> float | None:
    """Return a ``Retry-After`` header in seconds; None for the form with a date, which nothing here sends."""
    return float(value) if value is not None and value.isdecimal() else None
