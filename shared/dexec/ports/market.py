"""The ports of a chain: venues, cluster, signer and wallets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from dexec.domain.errors import AttemptFailed, OrderFailed
from dexec.domain.order import SignedTransaction
from dexec.domain.quote import Fill, Pair, PoolSnapshot, SwapPlan


class Venue(Protocol):
    """A DEX: reads the state of its pools."""

    @property
    def name(self) -> str:
        """How quotes and legs call it."""

    def read(self, pairs: Sequence[Pair]) -> PoolSnapshot:
        """Return the state of its pools for ``pairs``, all at one slot; raises ``VenueUnavailable``."""


@dataclass(frozen=True, slots=True)
class Blockhash:
    """A recent blockhash and the last block height at which a transaction with it can land."""

    value: str
    last_valid_block_height: int


@dataclass(frozen=True, slots=True)
class Landed:
    """How a transaction ended on chain: filled, or failed as a whole with ``error``."""

    slot: int
    fill: Fill | None
    error: AttemptFailed | OrderFailed | None = None


@dataclass(frozen=True, slots=True)
class Pending:
    """A transaction that is not seen on chain and may still land."""


@dataclass(frozen=True, slots=True)
class CannotLand:
    """A transaction that has not landed and never will, proven at a block height past its last valid one."""

    height: int


class Outcomes(Protocol):
    """What the chain says about transactions."""

    def look(self, transaction: SignedTransaction) -> Landed | Pending | CannotLand:
        """Return what became of a transaction so far.

        ``CannotLand`` is final: whatever is still on its way to the cluster, no later look says ``Landed``.
        """


class Cluster(Outcomes, Protocol):
    """The chain."""

    @property
    def lands_after_s(self) -> float:
        """Seconds after ``send`` within which no transaction is ever seen to have landed."""

    def latest_blockhash(self) -> Blockhash:
        """Return the blockhash to sign with."""

    def send(self, data: bytes) -> None:
        """Send signed bytes; sending the same bytes again is harmless.

        Raises ``BlockhashExpired``, ``SendUnknown``, ``ClusterUnavailable``; ``OrderFailed`` for bytes
        that no cluster would take.
        """

    def simulate(self, data: bytes) -> Landed:
        """Return how the transaction would end if it landed now, without any effect."""


class Signer(Protocol):
    """Builds and signs the transaction of a swap."""

    def sign(self, order_id: str, client_id: str, plan: SwapPlan, blockhash: Blockhash) -> SignedTransaction:
        """Return the signed transaction that carries ``plan`` out for the client's wallet."""


class Wallets(Protocol):
    """Balances of the clients' wallets."""

    def balances(self, client_id: str) -> dict[str, int]:
        """Return base units by token symbol."""


class Chain(Protocol):
    """Everything that the engine asks of one chain.

    Parts are imported, built and connected when they are first asked for: a function that only looks at
    outcomes or balances needs nothing that signs.
    """

    @property
    def venues(self) -> Sequence[Venue]:
        """The venues that quotes are asked of."""

    @property
    def cluster(self) -> Cluster:
        """What transactions are sent to."""

    @property
    def outcomes(self) -> Outcomes:
        """What became of transactions, without what sending needs."""

    @property
    def signer(self) -> Signer:
        """What builds and signs transactions."""

    @property
    def wallets(self) -> Wallets:
        """Balances of the clients' wallets."""
