"""Ctrl-C and SIGTERM as one exception, so that every command stops what it started."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(KeyboardInterrupt):
    """The command was asked to stop."""


@contextmanager
def stoppable(*, quietly: bool = False) -> Iterator[None]:
    """Raise ``Stopped`` in the body on SIGINT, SIGTERM or SIGHUP; ``quietly`` ends the body instead.

    A signal that is ignored (by ``nohup``, say) stays ignored.
    """

    def stop(number: int, _: FrameType | None) -> None:
        # A second signal must not cut short what cleans up after the first.
        for later in _SIGNALS:
            signal.signal(later, signal.SIG_IGN)
        raise Stopped(signal.Signals(number).name)

    heard = [number for number in _SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, stop) for number in heard}
    try:
        yield
    except Stopped:
        if not quietly:
            raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
