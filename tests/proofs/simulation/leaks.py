"""Signatures that were stored although a halt had returned."""

from __future__ import annotations

from dexec.domain.order import Signed
from tests.proofs.simulation.audit import Audit


class Leaks:
    """Compares what is signed when a halt returns with what is signed when it is lifted, or now.

    A halt is that of one client, or of all: None.
    """

    def __init__(self, audit: Audit) -> None:
        self._audit = audit
        self._before: dict[str | None, set[str]] = {}
        self._found: set[str] = set()

    def halted(self, client_id: str | None) -> None:
        """Note that a halt has returned; a second one changes nothing."""
        if client_id not in self._before:
            self._before[client_id] = self._signatures(client_id)

    def lifted(self, client_id: str | None) -> None:
        """Note that a halt is over, if it had returned."""
        before = self._before.pop(client_id, None)
        if before is not None:
            self._found |= self._signatures(client_id) - before

    def found(self) -> set[str]:
        """Return the signatures that were stored during halts, also those that still hold."""
        still = [self._signatures(client_id) - before for client_id, before in self._before.items()]
        return self._found.union(*still)

    def _signatures(self, client_id: str | None) -> set[str]:
        """Return the signatures that have ever been stored, for one client or for all."""
        histories = self._audit.histories()
        ours = [events for order, events in histories if client_id in (None, order.client_id)]
        details = [event.detail for events in ours for event in events]
        return {detail.signature for detail in details if isinstance(detail, Signed)}
