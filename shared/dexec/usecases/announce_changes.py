"""Announces what a tick wrote: messages to the executor, events to watchers, hints to webhooks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from dexec.domain.errors import OutcomeUnknown, QueueUnavailable, Unavailable
from dexec.domain.lifecycle import Status
from dexec.domain.order import Change, Order
from dexec.ports import Clock, Queue, Watcher, Watching
from dexec.usecases.notify import Notifier
from dexec.usecases.notify_exit import Notify

MOST_PUSHED = 100
"""Orders of one batch whose events are pushed here: executors push those of the others, the sweeper ends."""

PUSH_S = 0.5
"""How long a tick waits for pushes."""

_LEFT_FREE_S = 1
"""What a notifier keeps free of the time that it is given."""


@dataclass(frozen=True, slots=True)
class AnnounceChanges:
    """The use case. Nothing that fails here is raised: what is written is found by those who look for it.

    An order whose message is lost is sent again; a claim pushes the events since the order was open; the
    sweeper delivers what ended, and sends hints.
    """

    queue: Queue
    watching: Watching
    clock: Clock
    new_notifier: Callable[[], Notifier]
    hint_soon: Callable[[Order], None]
    notify_exit: Notify

    def __call__(self, changes: Sequence[Change], watchers: Mapping[str, tuple[Watcher, ...]]) -> None:
        """Announce the changes that were written; ``watchers`` are those of each, by order id."""
        written = [change for change in changes if change.after.id in watchers]
        self.send([change.after for change in written])
        for change in written:
            self.hint_soon(change.after)
        watched = [change for change in written if watchers[change.after.id]]
        ends_at = self.clock.now() + timedelta(seconds=PUSH_S + _LEFT_FREE_S)
        with ExitStack() as pushes:
            for change in watched[:MOST_PUSHED]:
                self._push(change, watchers[change.after.id], ends_at, pushes)
        entries = [one for one in written if one.ends_entry]
        for change in entries[:MOST_PUSHED]:
            self.notify_exit(change.after, watchers[change.after.id], ends_at)
        left = [(one.after.id, one.after.id) for one in watched[MOST_PUSHED:] if one.after.is_terminal]
        left += [(str(one.after.exit_id), one.after.id) for one in entries[MOST_PUSHED:]]
        with suppress(Unavailable, OutcomeUnknown):
            self.watching.watch_later([(one, to.connection_id) for one, of in left for to in watchers[of]])

    def send(self, orders: Sequence[Order]) -> None:
        """Send the messages of those that are triggered."""
        with suppress(QueueUnavailable):
            self.queue.send_all([(one.id, one.client_id) for one in orders if one.status is Status.TRIGGERED])

    def _push(
        self, change: Change, watchers: Sequence[Watcher], ends_at: datetime, pushes: ExitStack
    ) -> None:
        notifier = pushes.enter_context(self.new_notifier().until(ends_at))
        notifier.notify(change.events, watchers)
