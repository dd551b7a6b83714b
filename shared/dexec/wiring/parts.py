"""Parts of a process that are built when they are first used, or given."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, TypedDict, Unpack

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor
    from datetime import datetime

    from dexec.adapters.postgres.connection import Connect
    from dexec.adapters.postgres.database import Database
    from dexec.ports import (
        ApiKeys,
        Archive,
        Chain,
        Clock,
        Control,
        EventReplay,
        HookQueue,
        Orders,
        Outbox,
        Post,
        Probe,
        Push,
        Queue,
        Risk,
        Starter,
        Ticks,
        Waiting,
        Watching,
        Webhooks,
    )
    from dexec.settings import Settings
    from dexec.usecases.notify import Wait


class Overrides(TypedDict, total=False):
    """What may stand in the place of what ``Container`` would build; names and types are its own."""

    clock: Clock
    connect: Connect
    database: Database
    orders: Orders
    watching: Watching
    waiting: Waiting
    api_keys: ApiKeys
    control: Control
    risk: Risk
    archive: Archive
    ticks: Ticks
    webhooks: Webhooks
    outbox: Outbox
    store_probe: Probe
    queue: Queue
    hook_queue: HookQueue
    post: Post
    push: Push
    event_replay: EventReplay
    starter: Starter
    chain: Chain
    new_order_id: Callable[[datetime], str]
    new_token: Callable[[], str]
    randomness: Callable[[int], bytes]
    jitter: Callable[[], float]
    venue_threads: Executor
    push_threads: Executor
    slow_push_threads: Executor
    push_wait: Wait
    gather_s: float


class Parts:
    """What is built, as the settings say, but for what is given.

    ``overrides`` are used as they are and not closed here. Raises ``TypeError`` for a name that is none.
    """

    def __init__(self, settings: Settings, **overrides: Unpack[Overrides]) -> None:
        if unknown := overrides.keys() - Overrides.__annotations__.keys():
            raise TypeError(f"a container has no part {', '.join(sorted(unknown))}")
        self.settings = settings
        self._opened = ExitStack()
        # A cached property looks here first: what is here is not built.
        vars(self).update(overrides)

    def close(self) -> None:
        """Close the connections of what was built here."""
        self._opened.close()
