"""Ids of orders as narrow tables show them: commands take the end of one, too."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from infra.cli.target import Target

NEWEST = 1_000
"""Among how many orders the one is looked for."""

_END = re.compile(r"…?([0-9a-f]{8,31})")


def whole_id(target: Target, text: str) -> str:
    """Return the id that ends in a text such as ``…75677ea6``; any other text as it is.

    Raises ``SdkError`` where none of the client's newest orders ends so, or several do.
    """
    return whole_ids(target, [text])[0]


def whole_ids(target: Target, texts: Sequence[str]) -> list[str]:
    """Return what ``whole_id`` does of each text; the orders are listed once."""
    ends = [_END.fullmatch(text) for text in texts]
    newest = asyncio.run(_newest(target)) if any(ends) else []
    return [
        text if end is None else _ending_in(end[1], newest) for text, end in zip(texts, ends, strict=True)
    ]


async def _newest(target: Target) -> list[str]:
    from dexec_client.raw.api import Api

    async with Api(target.http_url, target.api_key, repeat_reads=True) as api:
        return [str(order["orderId"]) async for order in api.orders(most=NEWEST)]


def _ending_in(end: str, ids: Sequence[str]) -> str:
    from dexec_client.errors import DexecError as SdkError

    found = [order_id for order_id in ids if order_id.endswith(end)]
    if len(found) > 1:
        raise SdkError(f"{len(found)} orders end in {end}: give more of the id", HTTPStatus.CONFLICT)
    if not found:
        raise SdkError(f"no order of yours ends in {end}", HTTPStatus.NOT_FOUND)
    return found[0]
