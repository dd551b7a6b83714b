"""Sends a signed transaction and looks until it has landed, or no longer can."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from dexec.domain.errors import BlockhashExpired, SendUnknown
from dexec.domain.order import SignedTransaction
from dexec.ports import CannotLand, Clock, Cluster, Landed
from dexec.usecases.looks import pauses
from dexec.usecases.redelivery import SHORT_WAIT_S, Redelivery, Stop


@dataclass(frozen=True, slots=True)
class Landing:
    """The landing of one run's transactions; the run has to be over at ``stop_at``."""

    cluster: Cluster
    clock: Clock
    poll_s: float
    stop_at: datetime

    def __call__(self, transaction: SignedTransaction, *, send_first: bool) -> Landed:
        """Return how the transaction landed; raise ``BlockhashExpired``, or ``Stop`` when time is up."""
        is_sent = send_first and self._send(transaction)
        waits = pauses(self.cluster.lands_after_s if is_sent else 0.0, self.poll_s)
        while True:
            self._pause(next(waits))
            found = self.cluster.look(transaction)
            if isinstance(found, Landed):
                return found
            if isinstance(found, CannotLand):
                raise BlockhashExpired("the transaction did not land before its blockhash expired")
            self.check_time()
            is_sent = is_sent or self._send(transaction)

    def check_time(self) -> None:
        """Raise ``Stop`` when time is up."""
        if self.clock.now() >= self.stop_at:
            raise Stop(Redelivery(SHORT_WAIT_S, "this invocation is about to end"))

    def _pause(self, seconds: float) -> None:
        left_s = (self.stop_at - self.clock.now()).total_seconds()
        self.clock.sleep(min(seconds, left_s))

    def _send(self, transaction: SignedTransaction) -> bool:
        """Send the stored bytes; False when the cluster may not have got them."""
        try:
            self.cluster.send(transaction.data)
        except (SendUnknown, BlockhashExpired):
            # This does not say whether it lands: an earlier send of the same bytes may have arrived.
            return False
        return True
