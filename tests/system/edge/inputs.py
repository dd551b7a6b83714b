"""What a careless or hostile client may send: grammars of orders, frames, queries and paths, and mutations.

All of it is text, not values put into JSON: no encoder writes most of what is here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from random import Random
from urllib.parse import quote

from dexec.domain.tokens import TOKENS

Make = Callable[[Random], str]

# What PostgreSQL's text refuses, what fools an eye, what other engines would run.
NASTY = (
    "\x00",
    "\u202e",
    "\U0001f980",
    "\ufeff",
    "'; DROP TABLE orders; --",
    "${jndi:x}",
    "../../etc/passwd",
)
ESCAPES = (r"\u0000", r"\ud800", r"\udfff\ud800", r"\u00e9", r"\"", r"\\", r"\x", r"\u12", "\\", "\n", "\x7f")
CONSTANTS = (
    "NaN",
    "Infinity",
    "-Infinity",
    "null",
    "true",
    "false",
    "undefined",
    "None",
    "0x1F",
    "1_000",
    "٣",
)
SPACES = ("", "", "", " ", "\t", "\r\n", "\u00a0", " " * 50, "/*x*/")
SLUGS = "abcdefghijklmnopqrstuvwxyzABCXYZ0123456789-_.~:,;%/ "

NAMES = ("tokenIn", "tokenOut", "inputToken", "outputToken", "baseAsset", "quoteAsset", "side", "amount")
FIELDS = (*NAMES, "slippage", "slippageBps", "mode", "orderType", "clientId", "clientOrderId")
METHODS = ("GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD", "BREW", "")
PATHS = (
    "/",
    "/health",
    "/docs",
    "/openapi.json",
    "/console/1/main.js",
    "/api/config",
    "/api/tokens",
    "/api/balances",
)


def digits(rnd: Random) -> str:
    count = rnd.choice((0, 1, 1, 2, 3, 16, 17, 19, 20, 40, 41, 100, 101, 310, 4_300, 4_301, 15_000))
    return (
        rnd.choice("0123456789") * count
        if rnd.random() < 0.5
        else "".join(rnd.choices("0123456789", k=count))
    )


def number(rnd: Random) -> str:
    """A number by JSON's grammar, and a little beyond it."""
    sign = rnd.choice(("", "", "", "-", "+", "--"))
    fraction = rnd.choice(("", "", ".", "." + digits(rnd)))
    exponent = rnd.choice(("", "", "", rnd.choice("eE") + rnd.choice(("", "", "+", "-")) + digits(rnd)))
    return sign + digits(rnd) + fraction + exponent


def string(rnd: Random) -> str:
    parts = (rnd.choice((*NASTY, *ESCAPES, plain(rnd), plain(rnd))) for _ in range(rnd.randrange(4)))
    return f'"{"".join(parts)}"'


def plain(rnd: Random) -> str:
    return "".join(rnd.choices(SLUGS, k=rnd.choice((0, 1, 5, 20, 100, 101, 255, 256))))


def value(rnd: Random, depth: int = 0) -> str:
    """Any JSON value, or nearly one."""
    kind = rnd.randrange(10 if depth < 4 else 8)
    if kind < 3:
        return number(rnd)
    if kind < 6:
        return string(rnd)
    if kind < 7:
        return rnd.choice(CONSTANTS)
    if kind < 8:
        deep = rnd.choice((10, 900, 1_100, 8_000))
        return rnd.choice("[{") * deep if rnd.random() < 0.3 else "[" * deep + "]" * deep
    if kind < 9:
        return "[" + ",".join(value(rnd, depth + 1) for _ in range(rnd.choice((0, 1, 3)))) + "]"
    return members([(string(rnd), value(rnd, depth + 1)) for _ in range(rnd.choice((0, 1, 3)))], rnd)


def members(pairs: list[tuple[str, str]], rnd: Random) -> str:
    """An object of names and values as they are written."""
    space = rnd.choice(SPACES)
    return "{" + f",{space}".join(f"{name}{space}:{what}" for name, what in pairs) + "}"


def token(rnd: Random) -> str:
    return rnd.choice((*TOKENS, "sol", "DOGE", TOKENS["USDC"].mint))


def any_of(*texts: str) -> Make:
    return lambda rnd: rnd.choice(texts)


def quoted(make: Make) -> Make:
    return lambda rnd: f'"{make(rnd)}"'


PLAUSIBLE: Mapping[str, Make] = {
    **dict.fromkeys(NAMES[:6], quoted(token)),
    "side": any_of('"buy"', '"sell"', '"hold"'),
    "amount": lambda rnd: rnd.choice(('"0.5"', "1", "1e-9", f'"{number(rnd)}"', number(rnd))),
    "slippage": lambda rnd: rnd.choice(("0.5", "100", "101", number(rnd), f'"{number(rnd)}"')),
    "slippageBps": lambda rnd: rnd.choice(("0", "10000", "10001", "-1", number(rnd))),
    "mode": any_of('"exactIn"', '"exactOut"', '"exact"'),
    "orderType": any_of('"market"', '"limit"'),
    "clientId": string,
    "clientOrderId": string,
}


def order(rnd: Random) -> str:
    """An order of which some fields are not what they should be."""
    fields = [("tokenIn", '"SOL"'), ("tokenOut", '"USDC"'), ("amount", '"0.01"')]
    for _ in range(rnd.choice((0, 0, 1, 1, 2, 4))):
        name = rnd.choice(FIELDS)
        if rnd.random() < 0.8:
            fields = [field for field in fields if field[0] != name]
        fields.append((name, PLAUSIBLE[name](rnd) if rnd.random() < 0.7 else value(rnd)))
    if rnd.random() < 0.1:
        fields.pop(rnd.randrange(len(fields)))
    return members([(f'"{name}"', what) for name, what in fields], rnd)


def order_id(known: str) -> Make:
    """Ids of orders that exist, or nearly do."""
    return lambda rnd: rnd.choice(
        (known, known.upper(), f"{known[:-1]}0", f"ord_{'f' * 32}", plain(rnd), *NASTY)
    )


def frame(known: str) -> Make:
    """Frames of every action, with ids and keys of every kind."""
    actions = any_of('"execute"', '"execute"', '"subscribe"', '"unsubscribe"', '"ping"', '"fly"')
    optional: Mapping[str, Make] = {
        "order": order,
        "orderId": quoted(order_id(known)),
        "afterSeq": lambda rnd: rnd.choice(("0", "3", "-1", "2147483648", number(rnd))),
        "id": lambda rnd: rnd.choice(
            ("7", '"seven"', "9007199254740993", number(rnd), number(rnd), string(rnd))
        ),
        "idempotencyKey": lambda rnd: rnd.choice(('"k"', '"the-owners-idempotency-key"', string(rnd))),
    }
    needed = {'"execute"': "order", '"subscribe"': "orderId", '"unsubscribe"': "orderId"}

    def make(rnd: Random) -> str:
        if rnd.random() < 0.1:
            return order(rnd)
        action = actions(rnd) if rnd.random() < 0.9 else value(rnd)
        names = {needed.get(action, "id"), *rnd.sample(sorted(optional), rnd.choice((0, 1, 1, 2)))}
        fields = [(name, optional[name](rnd) if rnd.random() < 0.9 else value(rnd)) for name in sorted(names)]
        return members([('"action"', action), *((f'"{name}"', what) for name, what in fields)], rnd)

    return make


def mutated(make: Make) -> Make:
    """What ``make`` makes, half of the time with a few accidents."""

    def accident(rnd: Random, text: str) -> str:
        start, end = sorted((rnd.randint(0, len(text)), rnd.randint(0, len(text))))
        end = min(end, start + rnd.choice((0, 1, 5, 100)))
        piece = text[start:end]
        new = rnd.choice(("", "", piece * 2, piece[::-1], rnd.choice((*NASTY, *ESCAPES)), number(rnd)))
        return text[:start] + rnd.choice((new, new, rnd.choice('{}[],:"\\0e-.'))) + text[end:]

    def made(rnd: Random) -> str:
        text = (
            make(rnd) if rnd.random() < 0.97 else rnd.choice((value(rnd), plain(rnd), "", "{}", "\ufeff{}"))
        )
        for _ in range(rnd.choice((0, 0, 0, 0, 1, 1, 2, 5))):
            text = accident(rnd, text)
        return text

    return made


QUERY: Mapping[str, Make] = {
    "tokenIn": token,
    "tokenOut": token,
    "amount": lambda rnd: rnd.choice(("1", "0.1", "1e30", "99999999999", number(rnd), number(rnd))),
    "mode": any_of("exactIn", "exactOut", "exact"),
    "slippageBps": lambda rnd: rnd.choice(("50", "10001", number(rnd))),
    "status": any_of("pending", "failed", "done"),
    "limit": lambda rnd: rnd.choice(("1", "20", "101", number(rnd))),
    "cursor": lambda rnd: rnd.choice((f"ord_{'f' * 32}", plain(rnd))),
    "orderId": plain,
    "stream": any_of("all", "some"),
    "apiKey": plain,
}


def query(rnd: Random) -> str:
    """A query string, its percent-encodings not always sound."""
    names = rnd.choice((["tokenIn", "tokenOut", "amount"], [], ["limit"], ["cursor", "status"]))
    names = [*names, *rnd.sample(sorted(QUERY), rnd.choice((0, 0, 1, 2)))]
    pairs = []
    for name in names:
        text = QUERY[name](rnd) if rnd.random() < 0.8 else rnd.choice((*NASTY, plain(rnd)))
        pairs.append(f"{name}={rnd.choice((quote(text), quote(text), text, '%', '%ff%fe', '%ud800'))}")
    return rnd.choice("&&&;").join(pairs)


def path(known: str) -> Make:
    def make(rnd: Random) -> str:
        below = rnd.choice(("/api/orders/", "/console/", "/", "//", "/api/../", "/api/orders/../"))
        return rnd.choice(
            (*PATHS, "/api/orders", "/api/quotes", "/api/orders/execute", below + order_id(known)(rnd))
        )

    return make


@dataclass(frozen=True)
class Input:
    """One request, frame or attempt to connect, every part of it text.

    ``encoding`` says how a body arrives: as text, as the bytes of its Latin-1 in base64, or as text that is
    marked as base64 and hardly ever is.
    """

    kind: str
    method: str = ""
    path: str = ""
    query: str = ""
    key: str = ""
    body: str = ""
    encoding: str = "text"

    def with_part(self, name: str, text: str) -> Input:
        """Return the input with one of its texts replaced."""
        return replace(self, **{name: text})


class Inputs:
    """All inputs: number ``n`` of a seed is always the same one. ``known`` is an id that clients may know."""

    def __init__(self, seed: int, known: str) -> None:
        self._seed = seed
        self._frames, self._orders, self._paths = mutated(frame(known)), mutated(order), path(known)
        self._queries = mutated(query)

    def __getitem__(self, n: int) -> Input:
        rnd = Random(f"{self._seed}/{n}")
        kind = rnd.choices(("order", "frame", "request", "connect"), (40, 40, 16, 4))[0]
        if kind == "frame":
            return Input(kind, body=self._frames(rnd))
        if kind == "order":
            encoding = rnd.choice(("text",) * 8 + ("bytes", "marked"))
            key = rnd.choice(("", "", "", "k,1", plain(rnd), *NASTY))
            return Input(
                kind, "POST", "/api/orders/execute", key=key, body=self._orders(rnd), encoding=encoding
            )
        if kind == "connect":
            return Input(kind, query=self._queries(rnd), key=rnd.choice((plain(rnd), "é", "\udc80")))
        quotes = rnd.random() < 0.6
        where = rnd.choice(("/api/quotes", "/api/orders")) if quotes else self._paths(rnd)
        method = "GET" if quotes else rnd.choice(METHODS)
        body = self._orders(rnd) if rnd.random() < 0.2 else ""
        return Input(kind, method, where, self._queries(rnd), plain(rnd) if rnd.random() < 0.1 else "", body)
