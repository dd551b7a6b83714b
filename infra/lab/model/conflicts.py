"""Simultaneous transactions on one row under optimistic concurrency: how long they take, how many give up.

Aurora DSQL lets every transaction run and refuses, at its commit, the one whose rows another changed since
it began (40001, OC000). A client's simultaneous orders all change its row of ``rate_limits``, and those
that execute at once its paper wallets.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from typing import NamedTuple

from dexec.adapters.postgres.conflicts import DEADLINE_S, longest_pause_s
from infra.lab.model.assumptions import Assumptions, Latency
from infra.lab.model.queueing import at
from infra.lab.model.timeline import draw

SIMULTANEOUS = (2, 5, 10, 20, 50, 100)
ROUNDS = 50


class Policy(NamedTuple):
    """What a refused transaction does: ``pause`` returns seconds from the number of refusals."""

    name: str
    pause: Callable[[int, random.Random], float]
    most_retries: int | None
    deadline_s: float | None

    def gives_up(self, refusals: int, waited_s: float, pause_s: float) -> bool:
        """Whether a transaction that was refused again is not tried once more."""
        if self.most_retries is not None and refusals > self.most_retries:
            return True
        return self.deadline_s is not None and waited_s + pause_s > self.deadline_s


FIVE_RETRIES = Policy(
    "5 retries, 1 to 5·2ⁿ ms", lambda refusals, rng: rng.uniform(0.001, 0.005 * 2**refusals), 5, None
)
TO_A_DEADLINE = Policy(
    f"to {DEADLINE_S:g} s, full jitter",
    lambda refusals, rng: rng.uniform(0, longest_pause_s(refusals)),
    None,
    DEADLINE_S,
)
POLICIES = (FIVE_RETRIES, TO_A_DEADLINE)


class Ended(NamedTuple):
    """How a transaction ended: when after its first start, committed or not, after how many refusals."""

    seconds: float
    is_committed: bool
    refusals: int


class Contention(NamedTuple):
    """What ``simultaneous`` transactions meet; ``added`` is time beyond that of a transaction alone."""

    simultaneous: int
    policy: str
    busy_share: float
    added_p50_s: float
    added_p99_s: float
    tries: float


def contend(policy: Policy, simultaneous: int, takes: Latency, rng: random.Random) -> list[Ended]:
    """Let that many transactions on one row begin at the same moment; return how each of them ended."""
    committing = [(draw(takes, rng), number, 0.0, 0) for number in range(simultaneous)]
    heapq.heapify(committing)
    ended: list[Ended] = []
    last_commit = -1.0
    while committing:
        now, number, began, refusals = heapq.heappop(committing)
        if last_commit <= began:
            last_commit = now
            ended.append(Ended(now, True, refusals))
            continue
        refusals += 1
        pause = policy.pause(refusals, rng)
        if policy.gives_up(refusals, now, pause):
            ended.append(Ended(now, False, refusals))
            continue
        again = now + pause
        heapq.heappush(committing, (again + draw(takes, rng), number, again, refusals))
    return ended


def contention(policy: Policy, simultaneous: int, assumed: Assumptions, seed: int) -> Contention:
    """Repeat a contention many times; the same arguments give the same answer."""
    rng = random.Random(f"{seed}/{policy.name}/{simultaneous}")
    takes = assumed.latencies["hotTransaction"]
    ended = [one for _ in range(ROUNDS) for one in contend(policy, simultaneous, takes, rng)]
    committed = sorted(one.seconds for one in ended if one.is_committed)
    alone_s = takes.p50_ms / 1000
    return Contention(
        simultaneous,
        policy.name,
        1 - len(committed) / len(ended),
        max(0.0, at(committed, 0.5) - alone_s),
        max(0.0, at(committed, 0.99) - alone_s),
        sum(one.refusals + one.is_committed for one in ended) / len(ended),
    )
