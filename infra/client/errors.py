"""What a client may meet."""

from __future__ import annotations

from collections.abc import Mapping


class ApiError(Exception):
    """The deployment refused a request, or did not answer; ``status`` is 0 where there was no answer.

    ``problem`` is the answer's RFC 9457 document where it had one.
    """

    def __init__(self, message: str, status: int = 0, problem: Mapping[str, object] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.problem = problem or {}
