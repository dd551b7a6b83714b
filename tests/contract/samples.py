"""Orders, keys and connections to begin with."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count

from dexec.domain.failure import Failure
from dexec.domain.halts import Stop, Switch
from dexec.domain.ids import order_id
from dexec.domain.lifecycle import Status
from dexec.domain.order import Event, Order, SignedTransaction, build, submit
from dexec.domain.quote import Mode, RouteRequest, VenueFailure
from dexec.domain.recorded import RecordedCosts, RecordedFill, RecordedLeg, RecordedRoute
from dexec.ports import ApiKey, Claim, ClaimOutcome, Connection, MostConnections, NewOrder, RateLimit
from tests.proofs.simulation.backend import Backend
from tests.support.fakes import START

NOW = START
REQUEST = RouteRequest(Mode.EXACT_IN, "SOL", "USDC", 1_500_000_000, 50)
TRANSACTION = SignedTransaction("signature", b"\x00\xff bytes", 1_150)
_LEG = RecordedLeg(
    venue="meteora",
    pool_id="meteora:SOL-USDC",
    hop=1,
    token_in="SOL",
    token_out="USDC",
    share_bps=10_000,
    amount_in=1_500_000_000,
    amount_out=225_000_001,
    price=Decimal("150.0375"),
    price_impact_bps=Decimal("-0.25"),
    base_fee=1_500_000,
    variable_fee=7,
    output_fee=0,
    slot=41,
)
ROUTE = RecordedRoute(
    mode=Mode.EXACT_IN,
    token_in="SOL",
    token_out="USDC",
    amount_in=1_500_000_000,
    amount_out=225_000_001,
    limit=223_875_001,
    reason="best",
    legs=(_LEG,),
    quotes=(),
    alternatives=(),
    costs=RecordedCosts("USDC", 225_056_250_000_000, 56_000_000_000, 249_000_001, -1),
    bound=225_000_002,
    gap_bps=Decimal("0.0001"),
    skipped=(VenueFailure("raydium", "é 漢"),),
    slot=41,
)
FILL = RecordedFill("SOL", "USDC", 1_500_000_000, 224_999_999, Decimal("149.9999993"), (_LEG,), 44)
LEASE = timedelta(seconds=25)
MOST = MostConnections(in_all=1_000, streams=1_000)
PAUSED = Switch(Stop.PAUSED, NOW)
_ids = count(1)


def after(seconds: float) -> datetime:
    """Return a time after ``NOW``."""
    return NOW + timedelta(seconds=seconds)


def new_order(
    client_id: str = "alice",
    key: str | None = None,
    hashes: tuple[str, ...] = ("h",),
    now: datetime = NOW,
) -> NewOrder:
    """Return an order to be placed, with a new id."""
    one = order_id(now, next(_ids).to_bytes(10, "big"))
    order = Order(one, client_id, None, REQUEST, Status.PENDING, 1, 1, now, now, now, now)
    return NewOrder(order, key, hashes)


def place(store: Backend, client_id: str = "alice", watcher: str | None = None) -> Order:
    """Place an order without a limit."""
    return store.orders.place(new_order(client_id), None, watcher).order


def read(store: Backend, order: Order) -> tuple[Order, tuple[Event, ...]]:
    """Return an order as it is stored, and its last events."""
    answer = store.orders.find(order.id, order.client_id)
    assert answer is not None
    return answer


def stored(store: Backend, order: Order) -> Order:
    """Return an order as it is stored."""
    return read(store, order)[0]


def failure(code: str) -> Failure:
    """Return why an order failed."""
    return Failure(code, f"failed: {code} é 漢")


def trading_key(client_id: str = "alice") -> ApiKey:
    """Return a client's key that no connection uses."""
    return ApiKey(f"trading key of {client_id}", client_id, None, None, NOW)


def claim(store: Backend, order: Order, token: str = "mine", now: datetime = NOW) -> Claim:
    """Claim an order for 25 s."""
    return store.orders.claim(order.id, token, now, now + LEASE)


def claimed(store: Backend, order: Order, token: str = "mine", now: datetime = NOW) -> Order:
    """Claim an order that can be claimed."""
    found = claim(store, order, token, now)
    assert found.outcome is ClaimOutcome.CLAIMED
    assert found.order is not None
    return found.order


def built(store: Backend, client_id: str = "alice") -> Order:
    """Place an order and take it as far as its route: its executor is about to sign for it."""
    change = build(claimed(store, place(store, client_id)), NOW, ROUTE)
    store.orders.save(change)
    return change.after


def submitted(store: Backend, order: Order) -> Order:
    """Take an order as far as its signed transaction."""
    building = build(claimed(store, order), NOW, ROUTE)
    store.orders.save(building)
    change = submit(building.after, NOW, TRANSACTION)
    store.orders.save(change)
    return change.after


def connect(
    store: Backend, connection_id: str, client_id: str = "alice", *, stream: bool = False
) -> Connection:
    """Store a connection and its key."""
    store.api_keys.add(ApiKey(f"hash of {client_id}", client_id, None, None, NOW))
    connection = Connection(connection_id, client_id, f"hash of {client_id}", stream, NOW)
    assert store.watching.connect(connection, MOST)
    return connection


SLOW = RateLimit(interval_s=10, burst=2, max_backlog_s=30)
