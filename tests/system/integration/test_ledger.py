"""The paper ledger on PostgreSQL: every amount comes from somewhere, nothing moves twice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest

from dexec.adapters.paper import transaction as wire
from dexec.adapters.paper.cluster import PaperCluster
from dexec.adapters.paper.held import PaperHeld
from dexec.adapters.paper.latency import LATENCIES
from dexec.adapters.paper.ledger import REMEMBERED, STARTING_BALANCES, PaperLedger
from dexec.adapters.paper.limit_orders import VENUES_WITH_ORDERS
from dexec.adapters.paper.market import PaperMarket
from dexec.adapters.paper.outcomes import PaperOutcomes
from dexec.adapters.paper.signer import PaperSigner
from dexec.adapters.paper.slots import BLOCKHASH_SLOTS, slot_at
from dexec.adapters.paper.wallets import PaperWallets
from dexec.adapters.postgres.database import Database
from dexec.adapters.postgres.orders import PostgresOrders
from dexec.domain.amounts import MAX_BASE_UNITS
from dexec.domain.errors import InsufficientFunds, OrderFailed
from dexec.domain.order import Order, SignedTransaction
from dexec.domain.quote import Mode, Pair, PlanLeg, PoolSnapshot, RouteRequest, SwapPlan
from dexec.domain.routing import find_route
from dexec.domain.tokens import TOKENS
from dexec.ports import Blockhash, CannotLand, Landed, Pending
from tests.conftest import Connecting, Isolation
from tests.contract.samples import LEASE, NOW, new_order
from tests.support.fakes import FakeClock

SEED = 7
THREADS = 20
ROUNDS = 20
CLOCK = FakeClock()


def transaction(order_id: str, amount: int) -> SignedTransaction:
    leg = PlanLeg("meteora", "meteora:SOL-USDC", 1, "SOL", "USDC", amount)
    plan = SwapPlan(Mode.EXACT_IN, "SOL", "USDC", amount, 1, (leg,))
    slot = slot_at(CLOCK.now())
    recent = Blockhash(wire.blockhash(SEED, slot), slot + BLOCKHASH_SLOTS)
    return PaperSigner(SEED).sign(order_id, "alice", plan, recent)


@pytest.fixture
def databases(connecting: Connecting, isolation: Isolation) -> Iterator[list[Database]]:
    """Return a database for each thread, over connections of their own."""
    databases = [Database(lambda: connecting(isolation)) for _ in range(THREADS)]
    yield databases
    for database in databases:
        database.close()


@pytest.fixture
def clusters(databases: list[Database]) -> list[PaperCluster]:
    """Return one cluster as each of many processes sees it."""
    market, latency = PaperMarket(SEED), LATENCIES["none"]
    return [PaperCluster(market, PaperLedger(database), CLOCK, latency) for database in databases]


def check_books(connecting: Connecting) -> None:
    """Every mint sums to zero; wallets hold what their entries say, and never less than nothing."""
    with connecting(Isolation.READ_COMMITTED) as connection:
        sums = connection.execute("SELECT mint, sum(amount) FROM paper.entries GROUP BY mint").fetchall()
        assert {mint for mint, _ in sums} == {token.mint for token in TOKENS.values()}
        assert all(total == 0 for _, total in sums)
        wrong = connection.execute(
            "SELECT owner, mint, amount, booked FROM paper.wallets JOIN ("
            " SELECT account, mint, sum(amount) AS booked FROM paper.entries GROUP BY account, mint"
            ") AS e USING (mint) WHERE e.account = 'wallet:' || owner AND (booked <> amount OR amount < 0)"
        ).fetchall()
        assert wrong == []


def send_all(clusters: list[PaperCluster], transactions: list[SignedTransaction]) -> None:
    """Send everything at once, each cluster its share one by one."""

    def send_share(n: int) -> None:
        for signed in transactions[n::THREADS]:
            clusters[n].send(signed.data)

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(send_share, range(THREADS)))


def balances(databases: list[Database]) -> dict[str, int]:
    return PaperWallets(PaperLedger(databases[0])).balances("alice")


def test_twenty_senders_of_one_transaction_move_it_once(
    clusters: list[PaperCluster], databases: list[Database], connecting: Connecting
) -> None:
    signed = transaction("ord_1", 10**9)
    send_all(clusters, [signed] * THREADS)
    assert balances(databases)["SOL"] == STARTING_BALANCES["SOL"] - 10**9
    check_books(connecting)


def test_what_was_settled_here_shows_when_it_lands_as_it_does_elsewhere(databases: list[Database]) -> None:
    clock, market = FakeClock(CLOCK.now()), PaperMarket(SEED)
    here, there = (
        PaperCluster(market, PaperLedger(database), clock, LATENCIES["default"]) for database in databases[:2]
    )
    signed = transaction("ord_1", 10**9)
    here.send(signed.data)
    for _ in range(4):
        assert here.look(signed) == there.look(signed)
        clock.advance(0.1)
    assert isinstance(here.look(signed), Landed)


def test_what_was_not_settled_here_is_read(databases: list[Database]) -> None:
    """More than are remembered, and one that another process settled before."""
    here, there = (
        PaperCluster(PaperMarket(SEED), PaperLedger(database), CLOCK, LATENCIES["none"])
        for database in databases[:2]
    )
    transactions = [transaction(f"ord_{n}", 10**6 + n) for n in range(REMEMBERED + 2)]
    there.send(transactions[0].data)
    for signed in transactions:
        here.send(signed.data)
    assert [here.look(signed) for signed in transactions] == [there.look(signed) for signed in transactions]


def test_swaps_at_once_pay_each_their_own(
    clusters: list[PaperCluster], databases: list[Database], connecting: Connecting
) -> None:
    transactions = [transaction(f"ord_{n}", 10**9 + n) for n in range(2 * THREADS)]
    send_all(clusters, transactions)
    spent = sum(10**9 + n for n in range(2 * THREADS))
    assert balances(databases)["SOL"] == STARTING_BALANCES["SOL"] - spent
    landed = [clusters[0].look(signed) for signed in transactions]
    assert all(isinstance(one, Landed) and one.fill is not None for one in landed)
    check_books(connecting)


def test_a_round_over_limit_orders_is_filled_as_quoted(
    databases: list[Database], connecting: Connecting
) -> None:
    """Sold for an exact input, partly bought back for an exact output; the fee on the first is in USDT."""
    market, slot = PaperMarket(SEED, VENUES_WITH_ORDERS), slot_at(CLOCK.now())
    cluster = PaperCluster(market, PaperLedger(databases[0]), CLOCK, LATENCIES["none"])
    recent = Blockhash(wire.blockhash(SEED, slot), slot + BLOCKHASH_SLOTS)
    snapshots = [PoolSnapshot("meteora", slot, market.pools("meteora", [Pair("SOL", "USDT")], slot), 1)]
    there = RouteRequest(Mode.EXACT_IN, "SOL", "USDT", 2_000 * 10**9)
    back = RouteRequest(Mode.EXACT_OUT, "USDT", "SOL", 1_000 * 10**9)
    output_fees = 0
    for number, request in enumerate((there, back)):
        route = find_route(request, snapshots)
        signed = PaperSigner(SEED).sign(f"ord_{number}", "alice", route.plan(), recent)
        cluster.send(signed.data)
        landed = cluster.look(signed)
        assert isinstance(landed, Landed)
        assert landed.fill is not None
        assert landed.fill.legs == route.legs
        output_fees += sum(leg.output_fee for leg in landed.fill.legs)
    assert output_fees > 0
    assert balances(databases)["SOL"] == STARTING_BALANCES["SOL"] - 1_000 * 10**9
    check_books(connecting)


def test_a_wallet_is_never_overdrawn(
    clusters: list[PaperCluster], databases: list[Database], connecting: Connecting
) -> None:
    held = STARTING_BALANCES["SOL"]
    transactions = [transaction(f"ord_{n}", held // 5) for n in range(THREADS)]
    send_all(clusters, transactions)
    ends = [clusters[0].look(signed) for signed in transactions]
    filled = [end for end in ends if isinstance(end, Landed) and end.fill is not None]
    refused = [end for end in ends if isinstance(end, Landed) and isinstance(end.error, InsufficientFunds)]
    assert (len(filled), len(refused)) == (5, THREADS - 5)
    assert balances(databases)["SOL"] == 0
    check_books(connecting)


def test_settling_and_ruling_out_at_once_have_one_winner(
    clusters: list[PaperCluster], databases: list[Database], connecting: Connecting
) -> None:
    """Half of the processes settle a transaction, the others find that it has expired."""
    filled = 0
    for n in range(ROUNDS):
        signed = transaction(f"ord_{n}", 10**6)
        barrier = Barrier(THREADS)

        def race(
            number: int, signed: SignedTransaction = signed, barrier: Barrier = barrier
        ) -> Landed | Pending | CannotLand | None:
            barrier.wait()
            if number % 2:
                clusters[number].send(signed.data)
                return None
            late = FakeClock(CLOCK.now() + timedelta(minutes=2))
            return PaperOutcomes(PaperLedger(databases[number]), late).look(signed)

        with ThreadPoolExecutor(THREADS) as pool:
            looks = [look for look in pool.map(race, range(THREADS)) if look is not None]
        assert len(set(map(type, looks))) == 1, "no two looks disagree"
        filled += isinstance(looks[0], Landed)
    assert balances(databases)["SOL"] == STARTING_BALANCES["SOL"] - filled * 10**6
    check_books(connecting)


def test_a_wallet_is_funded_once(databases: list[Database], connecting: Connecting) -> None:
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(lambda database: PaperLedger(database).balances("alice"), databases))
    assert balances(databases) == STARTING_BALANCES
    check_books(connecting)


def test_a_claim_tells_what_the_wallet_of_its_client_holds(
    databases: list[Database], clusters: list[PaperCluster]
) -> None:
    orders = PostgresOrders(databases[0], PaperHeld())
    alices, bobs = (orders.place(new_order(client), None, None).order for client in ("alice", "bob"))

    def held(order: Order) -> Mapping[str, int]:
        return orders.claim(order.id, "mine", NOW, NOW + LEASE).held

    assert (held(alices), held(bobs)) == ({}, {})
    PaperLedger(databases[0]).balances("bob")
    clusters[0].send(transaction(alices.id, 10**9).data)
    assert held(bobs) == STARTING_BALANCES != held(alices) == balances(databases)


def refusal(cluster: PaperCluster) -> str:
    signed = transaction("ord_1", 10**9)
    cluster.send(signed.data)
    landed = cluster.look(signed)
    assert isinstance(landed, Landed), "what is refused must not look as if it had not arrived"
    assert type(landed.error) is OrderFailed
    return str(landed.error)


def test_a_wallet_that_is_full_is_paid_nothing(
    clusters: list[PaperCluster], databases: list[Database], connecting: Connecting
) -> None:
    before = balances(databases)
    with connecting(Isolation.READ_COMMITTED) as connection:
        full = "UPDATE paper.wallets SET amount = %s WHERE mint = %s"
        connection.execute(full, [MAX_BASE_UNITS, TOKENS["USDC"].mint])
    assert refusal(clusters[1]) == "the wallet cannot hold as much as the swap pays out"
    assert balances(databases) == {**before, "USDC": MAX_BASE_UNITS}


def test_an_unexpected_refusal_does_not_look_like_expiry(
    clusters: list[PaperCluster], databases: list[Database], connecting: Connecting
) -> None:
    clusters[1].send(transaction("ord_0", 10**9).data)
    before = balances(databases)
    with connecting(Isolation.READ_COMMITTED) as connection:
        connection.execute("ALTER TABLE paper.entries RENAME TO mislaid")
        try:
            assert refusal(clusters[1]) == "the paper ledger refused the swap (SQLSTATE 42P01)"
        finally:
            connection.execute("ALTER TABLE paper.mislaid RENAME TO entries")
    assert balances(databases) == before
    check_books(connecting)
