"""The market and the chain in memory: venues with still prices, a cluster whose landings tests control."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum, auto
from threading import RLock

from dexec.adapters.paper.simulator import SLOT, STARTING_BALANCES
from dexec.domain.errors import (
    AttemptFailed,
    BlockhashExpired,
    DexecError,
    InsufficientFunds,
    OrderFailed,
    SlippageExceeded,
)
from dexec.domain.order import SignedTransaction
from dexec.domain.quote import Fill, SwapPlan
from dexec.domain.routing import execute_plan
from dexec.ports import (
    Blockhash,
    CannotLand,
    Clock,
    Cluster,
    Landed,
    Outcomes,
    Pending,
    Signer,
    Venue,
    Wallets,
)
from tests.support.fakes.clock import START
from tests.support.fakes.market import FakeMarket

SLOT_S = SLOT.total_seconds()
LIFE_SLOTS = 150


class FakeSigner:
    """The ``Signer`` port: the bytes say everything, the signature is their hash."""

    def __init__(self) -> None:
        self.signed: dict[str, list[SignedTransaction]] = defaultdict(list)

    def sign(self, order_id: str, client_id: str, plan: SwapPlan, blockhash: Blockhash) -> SignedTransaction:
        last = blockhash.last_valid_block_height
        data = json.dumps([order_id, client_id, plan.to_json(), blockhash.value, last]).encode()
        transaction = SignedTransaction(_signature(data), data, last)
        self.signed[order_id].append(transaction)
        return transaction


def _signature(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class Landing(Enum):
    """What becomes of a transaction that the cluster takes."""

    FILLED = auto()
    SLIPPED = auto()
    """It lands and fails: the market moved past its limit."""

    DROPPED = auto()
    """It is taken and never seen again, however often it is sent."""

    LOST = auto()
    """This send is lost; the next one is treated as the first."""

    LATE = auto()
    """It lands in the last block in which it can."""


@dataclass
class OnChain:
    """A transaction that has landed or will."""

    signature: str
    order_id: str
    client_id: str
    plan: SwapPlan
    lands_at: datetime
    result: Fill | DexecError


@dataclass
class FakeCluster:
    """The ``Cluster`` port: slots of 400 ms, blockhashes that live 150 of them.

    ``landings`` says what becomes of the next transactions, then ``default``; ``inside_look`` runs between
    the reading of the height and of the status, ``inside_send`` between the check of the blockhash and the
    write.
    """

    clock: Clock
    latency_s: float = 0.3
    market: FakeMarket | None = None
    default: Landing = Landing.FILLED
    landings: list[Landing] = field(default_factory=list)
    inside_look: Callable[[], None] = lambda: None
    inside_send: Callable[[], None] = lambda: None
    chain: dict[str, OnChain] = field(default_factory=dict)
    sends: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    refuses_next: bool = False
    """Whether the bytes that are sent next are ones that no cluster takes."""
    refused: set[str] = field(default_factory=set)
    ruled_out: dict[str, int] = field(default_factory=dict)
    """Signatures of which a look has said that they cannot land, and the height of the first that did."""
    _dropped: set[str] = field(default_factory=set)
    _lock: RLock = field(default_factory=RLock)

    @property
    def lands_after_s(self) -> float:
        return self.latency_s

    def block_height(self) -> int:
        return self._height(self.clock.now())

    def latest_blockhash(self) -> Blockhash:
        height = self.block_height()
        return Blockhash(f"blockhash of {height}", height + LIFE_SLOTS)

    def send(self, data: bytes) -> None:
        order_id, client_id, plan, _, last = _decode(data)
        signature, now = _signature(data), self.clock.now()
        if self.refuses_next:
            self.refused.add(signature)
            self.refuses_next = False
        if signature in self.refused:
            raise OrderFailed("the cluster refused the transaction")
        if self._height(now) > last:
            raise BlockhashExpired("the transaction's blockhash is too old")
        with self._lock:
            self.sends[signature] += 1
        self.inside_send()
        with self._lock:
            if signature in self.chain or signature in self._dropped or signature in self.ruled_out:
                return
            landing = self.landings.pop(0) if self.landings else self.default
            lands_at = now + timedelta(seconds=self.latency_s)
            if landing is Landing.LATE:
                lands_at = START + timedelta(seconds=last * SLOT_S)
            if landing is Landing.DROPPED:
                self._dropped.add(signature)
            elif landing is not Landing.LOST and self._height(lands_at) <= last:
                result = self._result(client_id, plan, landing)
                self.chain[signature] = OnChain(signature, order_id, client_id, plan, lands_at, result)

    def look(self, transaction: SignedTransaction) -> Landed | Pending | CannotLand:
        height = self.block_height()
        self.inside_look()
        with self._lock:
            found = self.chain.get(transaction.signature)
            is_over = height > transaction.last_valid_block_height
            if found is not None and (is_over or found.lands_at <= self.clock.now()):
                return _landed(found.result, self._height(found.lands_at))
            if is_over:
                return CannotLand(self.ruled_out.setdefault(transaction.signature, height))
        return Pending()

    def simulate(self, data: bytes) -> Landed:
        _, client_id, plan, _, _ = _decode(data)
        return _landed(self._result(client_id, plan, Landing.FILLED), self.block_height())

    def fills(self, order_id: str) -> list[Fill]:
        """Return the fills of an order's transactions: more than one is a swap done twice."""
        ours = [entry.result for entry in self.chain.values() if entry.order_id == order_id]
        return [result for result in ours if isinstance(result, Fill)]

    def held(self, client_id: str) -> dict[str, int]:
        """Return a wallet's base units by symbol, with all that was ever taken."""
        held = dict(STARTING_BALANCES)
        for entry in self.chain.values():
            if entry.client_id == client_id and isinstance(entry.result, Fill):
                held[entry.plan.token_in] -= entry.result.amount_in
                held[entry.plan.token_out] += entry.result.amount_out
        return held

    def _result(self, client_id: str, plan: SwapPlan, landing: Landing) -> Fill | DexecError:
        try:
            market = self.market or FakeMarket(self.clock)
            fill = execute_plan(plan, market.pool, slot=market.slot)
        except (AttemptFailed, OrderFailed) as exc:
            return exc
        if landing is Landing.SLIPPED:
            return SlippageExceeded("the market moved", plan.limit, plan.limit - 1)
        if self.held(client_id)[plan.token_in] < fill.amount_in:
            return InsufficientFunds("the wallet does not hold what the swap takes")
        return fill

    def _height(self, moment: datetime) -> int:
        return (moment - START) // timedelta(seconds=SLOT_S)


class FakeWallets:
    """The ``Wallets`` port over the fake cluster."""

    def __init__(self, cluster: FakeCluster) -> None:
        self._cluster = cluster

    def balances(self, client_id: str) -> dict[str, int]:
        return self._cluster.held(client_id)


@dataclass(frozen=True)
class FakeChain:
    """The ``Chain`` port, of parts that are given."""

    venues: Sequence[Venue]
    cluster: Cluster
    signer: Signer
    wallets: Wallets

    @property
    def outcomes(self) -> Outcomes:
        return self.cluster


def _decode(data: bytes) -> tuple[str, str, SwapPlan, str, int]:
    try:
        order_id, client_id, plan, blockhash, last = json.loads(data)
    except ValueError as exc:
        raise OrderFailed("the cluster refused the transaction: it cannot be read") from exc
    return order_id, client_id, SwapPlan.from_json(plan), blockhash, last


def plan_of(data: bytes) -> SwapPlan:
    """Return the plan that was signed."""
    return _decode(data)[2]


def _landed(result: Fill | DexecError, slot: int) -> Landed:
    if isinstance(result, Fill):
        return Landed(slot, result)
    assert isinstance(result, AttemptFailed | OrderFailed)
    return Landed(slot, None, result)
