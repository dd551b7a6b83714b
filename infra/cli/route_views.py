"""Prints routes on a terminal: quotes, legs, alternatives and their cost."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, cast

from rich.markup import escape
from rich.padding import Padding

from dexec_client.raw.json_types import Document
from infra.cli import output
from infra.cli.percent import impact_words

if TYPE_CHECKING:
    from dexec.api.explain import Explanation

NUMBERS = frozenset({"price", "impact", "fee", "in", "out", "hop", "share", "costs bps", "bps"})


def print_route(route: Document, title: str) -> None:
    """Print a routing decision: every quote, what was taken, and why."""
    table = output.table("venue", "price", "impact", "fee", "in", "out", "taken", title=title, right=NUMBERS)
    shares = _shares(route)
    for quote in documents(route.get("quotes")):
        table.add_row(
            str(quote["venue"]),
            _digits(quote["price"]),
            impact_words(Decimal(str(quote["slippage"])) * 100),
            _percent(quote["fee"]),
            f"{quote['amountIn']}",
            f"{quote['amountOut']}",
            shares.get(str(quote["pool"]), ""),
            style="bold" if quote["pool"] in shares else "dim",
        )
    output.console().print(table)
    legs = documents(route.get("legs"))
    for leg in legs if len(legs) > 1 else ():
        output.say(
            f"  {leg['venue']}: {leg['amountIn']} {leg['tokenIn']} → {leg['amountOut']} {leg['tokenOut']}"
        )
    output.console().print(Padding(escape(str(route.get("reason", ""))), (0, 0, 0, 2)))
    for failure in documents(route.get("leftOut")):
        output.say(f"  left out: {failure['venue']} ({escape(str(failure['reason']))})")


def print_route_in_full(route: Document, title: str) -> None:
    """Print a routing decision with every leg's fees and impact, the alternatives, and the proven bound."""
    print_route(route, title)
    output.say("")
    columns = ("hop", "venue", "share", "in", "out", "price", "impact", "fee base + variable")
    legs = output.table(*columns, title="legs", right={*columns} - {"venue"})
    for leg in documents(route.get("legs")):
        fee = cast(Document, leg["fee"])
        taken_off = f" + {fee['output']} {leg['tokenOut']}" if "output" in fee else ""
        legs.add_row(
            str(leg["hop"]),
            str(leg["venue"]),
            _share(leg["shareBps"]),
            f"{leg['amountIn']} {leg['tokenIn']}",
            f"{leg['amountOut']} {leg['tokenOut']}",
            _digits(leg["price"]),
            impact_words(Decimal(str(leg["priceImpactBps"])) / 100),
            f"{fee['base']} + {fee['variable']} {fee['token']}{taken_off}",
        )
    output.console().print(legs)
    others = documents(route.get("alternatives"))
    if others:
        output.say("")
        table = output.table("route", "in", "out", "costs bps", title="not taken", right=NUMBERS)
        for other in others:
            table.add_row(*(str(other[name]) for name in ("route", "amountIn", "amountOut", "costBps")))
        output.console().print(table)
    is_least = route["mode"] == "exactOut"
    output.say(
        f"\n  with what its legs cost, no route {'pays less' if is_least else 'receives more'} than "
        f"{route['bound']} {route['tokenIn' if is_least else 'tokenOut']}; this one is {route['gapBps']} bps "
        "worse at most"
    )


def print_explanation(explanation: Explanation) -> None:
    """Print what each cause cost between the mid price and the fill; what was gained is negative."""
    token = explanation["token"]
    output.say(f"at the mid prices   {explanation['reference']} {token}")
    output.say(f"quoted              {explanation['quoted']} {token}")
    output.say(f"filled              {explanation['filled']} {token}\n")
    table = output.table("cause", token, "bps", right={token, "bps"})
    for part in (*explanation["parts"], explanation["total"]):
        table.add_row(part["cause"], part["amount"], part["bps"])
    output.console().print(table)


def venues(route: Document) -> str:
    """Return the venues of a route: hop by hop, with their shares where a hop has several."""
    hops: dict[int, list[Document]] = {}
    for leg in documents(route.get("legs")):
        hops.setdefault(int(str(leg["hop"])), []).append(leg)
    return " then ".join(
        " + ".join(_venue(leg, alone=len(legs) == 1) for leg in legs) for legs in hops.values()
    )


def _venue(leg: Document, *, alone: bool) -> str:
    return str(leg["venue"]) if alone else f"{leg['venue']} {_share(leg['shareBps'])}"


def _share(bps: object) -> str:
    return f"{int(str(bps)) / 100:g} %"


def documents(value: object) -> list[Document]:
    """Return a list of JSON objects; of anything else, nothing."""
    return cast("list[Document]", value) if isinstance(value, list) else []


def _shares(route: Document) -> dict[str, str]:
    """Return, for each pool of the route, what of its hop it takes: a venue has a pool for every pair."""
    return {str(leg["pool"]): _share(leg["shareBps"]) for leg in documents(route.get("legs"))}


def _digits(value: object) -> str:
    return f"{float(str(value)):.6g}"


def _percent(value: object) -> str:
    return f"{float(str(value)) * 100:.3f} %"
