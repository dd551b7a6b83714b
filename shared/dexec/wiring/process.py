"""Builds what a process has of its own: time, chance and threads."""

from __future__ import annotations

import random
import secrets
from concurrent.futures import Executor, ThreadPoolExecutor, wait
from functools import cached_property
from typing import TYPE_CHECKING

from dexec.domain.ids import order_id
from dexec.wiring.parts import Parts

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from dexec.ports import Clock
    from dexec.usecases.notify import Wait

PUSH_THREADS = 16
SLOW_PUSH_THREADS = 4


class Process(Parts):
    """Time, ids, chance and threads."""

    @cached_property
    def clock(self) -> Clock:
        """The machine's time."""
        from dexec.adapters.clock import SystemClock

        return SystemClock()

    @cached_property
    def new_order_id(self) -> Callable[[datetime], str]:
        """Makes an order id of a moment."""
        return lambda now: order_id(now, secrets.token_bytes(10))

    @cached_property
    def new_token(self) -> Callable[[], str]:
        """Makes a lease token."""
        return lambda: secrets.token_hex(8)

    @cached_property
    def randomness(self) -> Callable[[int], bytes]:
        """Makes so many random bytes, for ids and secrets of webhooks."""
        return secrets.token_bytes

    @cached_property
    def jitter(self) -> Callable[[], float]:
        """Draws a number in [0, 1)."""
        return random.random

    @cached_property
    def push_threads(self) -> Executor:
        """Push to connections."""
        return ThreadPoolExecutor(PUSH_THREADS, "push")

    @cached_property
    def slow_push_threads(self) -> Executor:
        """Push to connections that were slow or failed; the others do not wait behind them."""
        return ThreadPoolExecutor(SLOW_PUSH_THREADS, "slow push")

    @cached_property
    def push_wait(self) -> Wait:
        """Waits for pushes, at the end of a run."""
        return wait

    @cached_property
    def gather_s(self) -> float:
        """How long the first events of a late order are gathered."""
        from dexec.usecases.notify import GATHER_S

        return GATHER_S
