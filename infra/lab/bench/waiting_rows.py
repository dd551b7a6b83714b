"""Orders that wait, written straight into a database: as many as wanted, of all kinds, due or not."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import NamedTuple

import psycopg

from dexec.domain.quote import Pair
from dexec.domain.tokens import TOKENS

CLIENTS = 200
_DOLLARS = "USDC"

BOOKS = (
    Pair("SOL", "USDC"),
    Pair("USDC", "SOL"),
    Pair("SOL", "USDT"),
    Pair("USDT", "SOL"),
    Pair("RAY", "SOL"),
    Pair("SOL", "RAY"),
    Pair("JUP", "USDC"),
    Pair("USDC", "JUP"),
    Pair("BONK", "SOL"),
    Pair("USDC", "USDT"),
)

PRICED = (*BOOKS, *(Pair("USDC", token) for token in ("RAY", "BONK", "USDT")))
"""Books whose references say what orders of ``BOOKS`` wait for and are worth."""


class Mix(NamedTuple):
    """What waits: how far prices are from the market, and what an order is worth.

    ``limits`` and ``stops`` are from and to, as factors of the reference. ``letter`` begins the ids of a mix.
    """

    letter: str
    limits: tuple[float, float] | None
    stops: tuple[float, float]
    dollars: float
    trails: bool = True
    books: tuple[Pair, ...] = BOOKS


FAR = Mix("a", (1.5, 4.0), (0.1, 0.5), 10)
"""Nothing of it becomes due."""
DUE = Mix("d", (0.8, 0.9), (1.2, 1.5), 10, trails=False)
"""All of it is: limits fill."""
TOO_LARGE = Mix("e", (0.985, 0.999), (1.2, 1.5), 2_000_000, trails=False)
"""Limits that the reference meets, and the whole amount does not."""
GAP = Mix("g", None, (0.90, 0.95), 10, trails=False, books=BOOKS[:1])
"""Stops of one book, all of them due when it falls by a tenth."""

_CLIENTS = """
INSERT INTO api_keys (key_hash, client_id, orders_per_minute, created_at)
SELECT 'bench-' || n, 'client-' || n, 0, now() FROM generate_series(0, %(clients)s - 1) AS n
ON CONFLICT DO NOTHING
"""

# A key is the price's binary64 number read as an integer, as of dexec.domain.waiting.prices.price_key.
_FILL = """
WITH numbered AS (
    SELECT n, n %% %(books)s AS book, kind, (n * 7919 %% 10007) / 10007.0::float8 AS part,
        CASE WHEN NOT %(limits)s THEN 'stop' WHEN kind < 8 THEN 'limit' WHEN kind < 15 THEN 'stop'
            WHEN %(trails)s THEN 'trail' ELSE 'limit' END AS type
    FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS n
    CROSS JOIN LATERAL (SELECT n / %(books)s %% 20 AS kind) AS k
),
drawn AS (
    SELECT n, kind, 'ord_' || %(prefix)s::text || lpad(to_hex(n), 31, '0') AS id,
        'client-' || n %% %(clients)s AS client, b.token_in, b.token_out, b.amount, b.scale,
        type, (b.price * CASE WHEN type <> 'stop'
            THEN %(limit_from)s + part * (%(limit_to)s - %(limit_from)s)
            ELSE %(stop_from)s + part * (%(stop_to)s - %(stop_from)s) END)::numeric(30, 12) AS price,
        1 + n %% 3 AS ticks, (1 + n %% 7) * 250 + 6000 AS bps
    FROM numbered JOIN unnest(
        %(tokens_in)s::text[], %(tokens_out)s::text[], %(prices)s::float8[], %(scales)s::float8[],
        %(amounts)s::text[]
    ) WITH ORDINALITY AS b (token_in, token_out, price, scale, amount, place) ON b.place = book + 1
),
ready AS (
    SELECT *, token_in || '>' || token_out AS pair, type = 'trail' AND kind >= 18 AS asleep,
        ('x' || encode(float8send(price::float8 * scale), 'hex'))::bit(64)::bigint AS key,
        CASE type
            WHEN 'limit' THEN format('"limit":{"price":"%%s","ofOut":false}', price)
            WHEN 'stop' THEN format(
                '"stop":{"priceType":"reference","confirmTicks":%%s,"price":"%%s","ofOut":false}',
                ticks, price)
            ELSE format(
                '"stop":{"priceType":"reference","confirmTicks":%%s,"trailingBps":%%s%%s}', ticks, bps,
                CASE WHEN kind < 18 THEN ''
                    ELSE format(',"activation":{"price":"%%s","ofOut":false}', price) END)
        END AS condition
    FROM drawn
),
placed AS (
    INSERT INTO orders (id, client_id, request, status, outcome, seq, attempt, run_at, queued_at,
        request_hash, created_at, updated_at, waiting, since)
    SELECT id, client,
        format('{"mode":"exactIn","tokenIn":"%%s","tokenOut":"%%s","amount":%%s,"slippageBps":50}',
            token_in, token_out, amount), 'open', 'resting', 1, 1, now(), now(), 'hash', now(), now(),
        format('{"terms":{"timeInForce":"gtc",%%s},"fired":null,"firstAttempt":1,"rests":0,'
            '"restedAt":null,"active":%%s}', condition, (NOT asleep)::text), 0
    FROM ready
)
INSERT INTO waiting (order_id, part, client_id, pair, book, price_group, key, version)
SELECT id, CASE type WHEN 'limit' THEN 'limit' ELSE 'stop' END, client, pair, pair,
    CASE WHEN type = 'limit' THEN 'limit' WHEN type = 'stop' THEN 'stop reference ' || ticks
        ELSE format('%%s reference %%s %%s', CASE WHEN asleep THEN 'asleep' ELSE 'trail' END, ticks, bps) END,
    CASE WHEN type = 'limit' OR asleep THEN -key WHEN type = 'stop' THEN key ELSE 0 END, 1
FROM ready
"""


def add_clients(connection: psycopg.Connection) -> None:
    """Let the clients whose orders are filled in trade."""
    connection.execute(_CLIENTS, {"clients": CLIENTS})


def fill(
    connection: psycopg.Connection, mix: Mix, references: Mapping[Pair, Fraction], first: int, last: int
) -> None:
    """Write orders that wait, numbered ``first`` to ``last``; those of one mix have numbers of their own.

    ``references`` are prices in base units of token out per base unit of token in, of ``PRICED``.
    """
    books = mix.books
    scales = [10.0 ** (TOKENS[pair.token_out].decimals - TOKENS[pair.token_in].decimals) for pair in books]
    limit_from, limit_to = mix.limits or (1, 1)
    params = {
        "prefix": mix.letter,
        "books": len(books),
        "clients": CLIENTS,
        "first": first,
        "last": last,
        "limits": mix.limits is not None,
        "trails": mix.trails,
        "limit_from": limit_from,
        "limit_to": limit_to,
        "stop_from": mix.stops[0],
        "stop_to": mix.stops[1],
        "tokens_in": [pair.token_in for pair in books],
        "tokens_out": [pair.token_out for pair in books],
        "prices": [float(references[pair]) / scale for pair, scale in zip(books, scales, strict=True)],
        "scales": scales,
        "amounts": [str(_amount(pair, mix.dollars, references)) for pair in books],
    }
    connection.execute(_FILL, params)


def _amount(pair: Pair, dollars: float, references: Mapping[Pair, Fraction]) -> int:
    """Return base units of token in that are worth so many dollars, about."""
    units = dollars * 10 ** TOKENS[_DOLLARS].decimals
    price = Fraction(1) if pair.token_in == _DOLLARS else references[Pair(_DOLLARS, pair.token_in)]
    return int(units * price)
