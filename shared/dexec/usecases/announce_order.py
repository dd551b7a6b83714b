"""Announces an order that has to wait to its client's stream connections, as soon as it is accepted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from dexec.domain.errors import OutcomeUnknown, Unavailable
from dexec.domain.lifecycle import RESTING
from dexec.domain.order import Event, Order
from dexec.ports import Clock, Watcher, Watching
from dexec.usecases.notify import Notifier

ANNOUNCE_S = 1
"""How long an accepted order waits at most for the connections that hear of it."""

IN_TIME_S = 2
"""An order whose acceptance took longer is not announced: its client waits for the answer."""

_LEFT_FREE_S = 1
"""What a notifier keeps free of the time that it is given."""


@dataclass(frozen=True, slots=True)
class AnnounceOrder:
    """The use case; ``new_notifier`` makes one whose frames say when the order starts.

    The executor sends the same event once more when the order starts, so one that is lost here costs time
    only, and nothing that fails here is raised.
    """

    watching: Watching
    clock: Clock
    new_notifier: Callable[[datetime | None], Notifier]

    def __call__(
        self, order: Order, event: Event, watcher: str | None, streams: Sequence[Watcher] | None
    ) -> None:
        """Push ``event``, the first of ``order``, to all stream connections but ``watcher``.

        That is the connection which placed it and is answered by itself. ``streams`` are read where they are
        not known yet.
        """
        now = self.clock.now()
        if now - order.created_at > timedelta(seconds=IN_TIME_S):
            return
        with suppress(Unavailable, OutcomeUnknown):
            if streams is None:
                streams = self.watching.streams(order.client_id)
            others = [one for one in streams if one.connection_id != watcher]
            ends_at = now + timedelta(seconds=ANNOUNCE_S + _LEFT_FREE_S)
            starts_at = None if order.status in RESTING else order.run_at
            with self.new_notifier(starts_at).until(ends_at) as notifier:
                notifier.notify([event], others)
