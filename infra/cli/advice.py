"""What to type next after a refusal: as the command says that knows it, or else by the status."""

from __future__ import annotations

from dexec_client.errors import DexecError as SdkError

_BY_STATUS = {
    0: "where a local deployment is: dexec status",
    401: "name another with --api-key, or make one: dexec keys create NAME",
    404: "list yours with: dexec history",
}
"""Status 0 is no answer at all."""


class Advised(SdkError):
    """An error of the client, in a command's own words where it has some, with its own ``advice``."""

    def __init__(self, error: SdkError, advice: str, message: str = "") -> None:
        super().__init__(message or str(error), error.status, error.retry_after)
        self.advice = advice


def in_words(error: SdkError) -> str:
    """Return an error, when to try again, and one piece of advice, as far as there are such."""
    wait = f"try again in {error.retry_after:.0f} s" if error.retry_after else ""
    advice = error.advice if isinstance(error, Advised) else _BY_STATUS.get(error.status, "")
    return "; ".join(filter(None, (str(error), wait, advice)))
