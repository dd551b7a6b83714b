"""Short histories of orders that wait, which take each step of the lifecycle that market orders lack."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

from dexec.domain.order import Order
from dexec.domain.quote import Mode, Pair, RouteRequest
from dexec.domain.waiting.amendment import Given
from dexec.domain.waiting.conditions import Limit, PriceType, Stop, Trail
from dexec.domain.waiting.prices import Price
from dexec.domain.waiting.terms import Terms, TimeInForce
from dexec.ports import ApiKey
from tests.proofs.simulation.world import SWAP, World
from tests.support.fakes import Landing

BOOK = Pair("SOL", "USDC")
BACK = Pair("USDC", "SOL")
BUY = RouteRequest(Mode.EXACT_IN, "USDC", "SOL", 150_000_000)
TOO_MUCH = replace(SWAP, amount=10_001 * 10**9)
UP, DOWN = Fraction(6, 5), Fraction(5, 6)
"""A SOL is worth 150 USDC at first: 180 after ``UP``, 125 after ``DOWN``."""


def price(text: str, pair: Pair = BOOK) -> Price:
    """Return a price of SOL in USDC."""
    return Price(text, pair, of_out=pair == BACK)


def limit(text: str, pair: Pair = BOOK) -> Terms:
    """Return the terms of a limit order."""
    return Terms(limit=Limit(price(text, pair)), of_out=pair == BACK)


def stop(text: str, below: str | None = None) -> Terms:
    """Return the terms of a stop, with ``below`` of a stop-limit."""
    return Terms(stop=Stop(price(text), confirm_ticks=2), stop_limit=(below and price(below)) or None)


def oco(profit: str, loss: str) -> Terms:
    """Return the terms of a take-profit and a stop-loss."""
    return replace(stop(loss), limit=Limit(price(profit)))


def trail(bps: int, activation: str | None = None) -> Terms:
    """Return the terms of a trailing stop."""
    return Terms(stop=Trail(bps, (activation and price(activation)) or None, PriceType.MID))


def limit_fires(world: World) -> None:
    """A limit is far away, then met, and fills."""
    _waiting(world, limit("165"))
    world.settle()
    world.market.move("SOL", UP)
    world.settle()


def limit_of_a_buyer(world: World) -> None:
    """A buyer of an exact amount waits for a lower price."""
    _waiting(world, limit("140", BACK), RouteRequest(Mode.EXACT_OUT, "USDC", "SOL", 10**9))
    world.market.move("SOL", DOWN)
    world.settle()


def limit_misses(world: World) -> None:
    """A limit is met at once, slips three times, rests, and fills."""
    world.cluster.landings = [Landing.SLIPPED] * 3
    _waiting(world, limit("120"))
    world.settle()


def limit_leaves(world: World) -> None:
    """A limit is met and the market leaves before it is executed: it rests until the price is back."""
    _waiting(world, limit("165"))
    world.market.move("SOL", UP)
    world.tick()
    world.market.move("SOL", DOWN)
    world.settle()
    world.market.move("SOL", UP)
    world.settle()


def stop_confirmed(world: World) -> None:
    """One tick is through a stop, and the next is not; then two are."""
    _waiting(world, stop("140"))
    world.market.move("SOL", DOWN)
    world.tick()
    world.market.move("SOL", UP)
    world.tick()
    world.market.move("SOL", DOWN)
    world.settle()


def stop_goes_on(world: World) -> None:
    """A stop fires, finds no venue, rests and goes on, whatever the price does."""
    _waiting(world, stop("140"))
    world.market.move("SOL", DOWN)
    world.tick(2)
    for venue in world.venues:
        venue.failures = 3
    world.deliver()
    world.market.move("SOL", UP)
    world.settle()


def stop_limit_rests(world: World) -> None:
    """A gap takes a stop-limit past its limit; it rests as a limit, which fills later."""
    _waiting(world, stop("140", below="135"))
    world.market.move("SOL", DOWN)
    world.settle()
    world.market.move("SOL", UP)
    world.settle()


def trail_follows(world: World) -> None:
    """A trail sleeps until its activation price, follows the market up, and fires on its way down."""
    _waiting(world, trail(500, "160"))
    for factor in (UP, UP, DOWN):
        world.market.move("SOL", factor)
        world.settle()


def oco_profits(world: World) -> None:
    """The take-profit of a pair fills, then the market falls."""
    _waiting(world, oco("165", "140"))
    world.market.move("SOL", UP)
    world.settle()
    world.market.move("SOL", DOWN * DOWN)
    world.settle()


def oco_stops(world: World) -> None:
    """The take-profit is met and slips; while it rests, the stop fires."""
    world.cluster.landings = [Landing.SLIPPED] * 3
    _waiting(world, oco("165", "140"))
    world.market.move("SOL", UP)
    world.tick()
    world.deliver()
    world.market.move("SOL", DOWN * DOWN)
    world.settle()


def bracket_filled(world: World) -> None:
    """A market entry fills; its exit, opened over what it bought, takes its profit."""
    _bracket(world, exits=oco("165", "140"))
    world.settle()
    world.market.move("SOL", UP)
    world.settle()


def bracket_of_a_limit(world: World) -> None:
    """A limit entry waits and fills; its exit stops."""
    _bracket(world, limit("145", BACK), exits=oco("160", "122"))
    world.market.move("SOL", DOWN)
    world.settle()
    world.market.move("SOL", DOWN)
    world.settle()


def bracket_entry_fails(world: World) -> None:
    """The wallet does not hold what the entry takes: the exit is cancelled."""
    alice = _watching(world)
    exits = Terms(limit=Limit(price("140", BACK)), of_out=True)
    world.place(alice, TOO_MUCH, exits=exits, watcher="own", key="k", tries=3)
    world.settle()


def bracket_entry_cancelled(world: World) -> None:
    """The entry is cancelled while it waits, and its exit with it."""
    alice, order = _bracket(world, limit("100", BACK), exits=oco("165", "90"))
    world.tick()
    world.cancel_one(alice, order)
    world.settle()
    world.cancel(alice)
    world.settle()


def cancelled_while_open(world: World) -> None:
    """A limit is cancelled between the tick that judges it and the statement that triggers it."""
    alice, order = _waiting(world, limit("165"))
    world.market.move("SOL", UP)
    world.sightings.inside_apply = lambda: world.cancel_one(alice, order)
    world.settle()
    world.cancel(alice)
    world.settle()


def cancelled_and_filled(world: World) -> None:
    """A cancel comes while the transaction is on its way; it lands."""
    _cancelled_while_submitted(world, Landing.LATE)


def cancelled_and_not_filled(world: World) -> None:
    """A cancel comes while the transaction is on its way; it never lands."""
    _cancelled_while_submitted(world, Landing.DROPPED)


def expires_while_open(world: World) -> None:
    """Nothing happens until the time is over."""
    _waiting(world, limit("165"), expires_s=20)
    world.clock.advance(21)
    world.settle()
    world.cancel(world.client())
    world.settle()


def expires_while_triggered(world: World) -> None:
    """It is triggered, and its message is delivered after its time."""
    alice, _ = _waiting(world, stop("140"), expires_s=20)
    world.market.move("SOL", DOWN)
    world.tick(2)
    world.clock.advance(21)
    world.settle()
    world.cancel(alice)
    world.settle()


def expires_while_submitted(world: World) -> None:
    """Its time ends while its transaction is on its way, which never lands."""
    world.cluster.landings = [Landing.DROPPED]
    _waiting(world, limit("120"), expires_s=20)
    world.settle()


def amended_in_between(world: World) -> None:
    """A limit is amended between the tick that judges it and the statement that triggers it."""
    alice, order = _waiting(world, limit("165"))
    world.market.move("SOL", UP)
    wanted = {"limitPrice": Given("limitPrice", "200")}
    world.sightings.inside_apply = lambda: world.amend(alice, order, wanted)
    world.settle()
    world.market.move("SOL", UP)
    world.settle()


def amended_while_held(world: World) -> None:
    """A held exit loses its stop, its entry fills, and the limit that is left does, too."""
    alice, order = _bracket(world, limit("145", BACK), exits=oco("165", "90"))
    if order is not None and order.exit_id is not None:
        exit_order = replace(order, id=order.exit_id)
        world.amend(alice, exit_order, {"stopLoss": Given("stopLoss", None)})
    world.market.move("SOL", DOWN)
    world.settle()
    world.market.move("SOL", UP * UP)
    world.settle()
    world.cancel(alice)
    world.settle()


def overtaken_ticker(world: World) -> None:
    """The function that ticks stands still past its lease, and another triggers what it judged."""
    _waiting(world, stop("140"))

    def stand_still() -> None:
        world.clock.advance(6)
        world.tick()

    world.market.move("SOL", DOWN)
    world.sightings.inside_apply = stand_still
    world.settle()


def message_lost_after_trigger(world: World) -> None:
    """The message of a triggered order is gone; the trigger function sends it again."""
    _waiting(world, stop("140"))
    world.market.move("SOL", DOWN)
    world.tick(2)
    world.queue.messages.clear()
    world.settle()


def once_and_no_more(world: World) -> None:
    """Orders that try once: a limit that is not met, and a stop whose market has left; both are cancelled."""
    alice, _ = _waiting(world, replace(limit("165"), time_in_force=TimeInForce.IOC))
    terms = replace(stop("140", below="135"), time_in_force=TimeInForce.IOC)
    world.place(alice, terms=terms, watcher="own", key="k2", tries=3)
    world.market.move("SOL", DOWN)
    world.settle()


def paused_while_due(world: World) -> None:
    """Execution is paused when a limit is met: it waits, and goes on with it."""
    _waiting(world, limit("165"))
    world.market.move("SOL", UP)
    world.pause()
    for _ in range(3):
        world.tick()
        world.deliver()
    world.resume()
    world.settle()


def _watching(world: World) -> ApiKey:
    alice = world.client()
    world.connect("own", alice)
    return alice


def _waiting(
    world: World, terms: Terms, request: RouteRequest = SWAP, expires_s: float | None = None
) -> tuple[ApiKey, Order | None]:
    """Return a client that watches an order of its own, and the order."""
    alice = _watching(world)
    order = world.place(alice, request, terms=terms, expires_s=expires_s, watcher="own", key="k", tries=3)
    return alice, order


def _bracket(world: World, terms: Terms | None = None, *, exits: Terms) -> tuple[ApiKey, Order | None]:
    """Return a client that watches an entry of its own, and the entry; it buys SOL."""
    alice = _watching(world)
    return alice, world.place(alice, BUY, terms=terms, exits=exits, watcher="own", key="k", tries=3)


def _cancelled_while_submitted(world: World, landing: Landing) -> None:
    world.cluster.landings = [landing]
    alice, order = _waiting(world, limit("120"))
    world.deliver()
    world.cancel_one(alice, order)
    world.settle()
    world.cancel(alice)
    world.settle()


def _and_ended(scenario: Callable[[World], None]) -> Callable[[World], None]:
    """Return a scenario after which the market moves until every order has had its price."""

    def ended(world: World) -> None:
        scenario(world)
        world.drain()

    ended.__name__ = scenario.__name__
    return ended


WAITS = tuple(
    _and_ended(scenario)
    for scenario in (
        limit_fires,
        limit_of_a_buyer,
        limit_misses,
        limit_leaves,
        stop_confirmed,
        stop_goes_on,
        stop_limit_rests,
        trail_follows,
        oco_profits,
        oco_stops,
        bracket_filled,
        bracket_of_a_limit,
        bracket_entry_fails,
        bracket_entry_cancelled,
        cancelled_while_open,
        cancelled_and_filled,
        cancelled_and_not_filled,
        expires_while_open,
        expires_while_triggered,
        expires_while_submitted,
        amended_in_between,
        amended_while_held,
        overtaken_ticker,
        message_lost_after_trigger,
        once_and_no_more,
        paused_while_due,
    )
)
