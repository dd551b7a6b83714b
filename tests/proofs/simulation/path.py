"""Checks while a world runs that what happens to each order is a path of the model."""

from __future__ import annotations

from collections import defaultdict
from threading import RLock

from dexec.domain.order import Order
from dexec.domain.quote import Fill
from tests.proofs.model.explore import Follower, Seen
from tests.proofs.simulation.world import World


class PathCheck:
    """Looks at every order after each call that may have changed one."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._followers: dict[str, Follower] = defaultdict(Follower)
        self.looks = 0
        world.tape.observe, world.tape.alone = self.look, RLock()

    def look(self, call: str) -> None:
        """Follow every order; raise ``AssertionError`` where the model knows no such step."""
        if call.split(".", maxsplit=1)[0] not in ("orders", "cluster", "control"):
            return
        self.looks += 1
        for order, _ in self._world.backend.audit.histories():
            follower, seen = self._followers[order.id], self._seen(order)
            # What the chain did by itself since the last look came before this call.
            follower.see(follower.seen._replace(filled=seen.filled))
            follower.see(seen)

    def _seen(self, order: Order) -> Seen:
        cluster, now = self._world.cluster, self._world.clock.now()
        signed = self._world.signer.signed[order.id]
        on_chain = [cluster.chain[one.signature] for one in signed if one.signature in cluster.chain]
        return Seen(
            order.status,
            order.attempt,
            order.lease_token is not None,
            order.transaction is not None,
            sum(cluster.sends.get(one.signature, 0) > 0 for one in signed),
            sum(isinstance(entry.result, Fill) and entry.lands_at <= now for entry in on_chain),
        )
