"""Ids as narrow tables show them, where a command takes an order."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest

from dexec_client.errors import DexecError
from dexec_client.raw.api import Api
from infra.cli.short_ids import whole_id, whole_ids
from infra.cli.target import Target

TARGET = Target("http://127.0.0.1:1", "", "key")
LISTED: list[object] = []
IDS = ("ord_01a1f8b319a27e91a730694d75677ea6", "ord_01a1f8b3269c7a989073409e75677ea6")


@pytest.fixture(autouse=True)
def two_orders(monkeypatch: pytest.MonkeyPatch) -> None:
    LISTED.clear()

    async def orders(*asked: object, **_: object) -> AsyncGenerator[dict[str, str], None]:
        LISTED.append(asked)
        for order_id in IDS:
            yield {"orderId": order_id}

    monkeypatch.setattr(Api, "orders", orders)


@pytest.mark.parametrize("text", ["…694d75677ea6", "694d75677ea6", IDS[0]])
def test_an_order_is_named_by_its_id_or_the_end_of_it(text: str) -> None:
    assert whole_id(TARGET, text) == IDS[0]


def test_the_orders_are_listed_once_for_many_ends_and_not_for_whole_ids() -> None:
    assert whole_ids(TARGET, ["…9e75677ea6", IDS[0], "4d75677ea6"]) == [IDS[1], IDS[0], IDS[0]]
    assert len(LISTED) == 1
    assert whole_ids(TARGET, IDS) == [*IDS]
    assert len(LISTED) == 1


@pytest.mark.parametrize("text", ["ord_1", "5677ea6", "…"])
def test_what_is_no_end_of_an_id_is_left_to_the_deployment(text: str) -> None:
    assert whole_id(TARGET, text) == text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("…75677ea6", "2 orders end in 75677ea6: give more of the id"),
        ("00000000", "no order of yours ends in 00000000"),
    ],
)
def test_an_end_of_several_ids_or_of_none_is_refused(text: str, words: str) -> None:
    with pytest.raises(DexecError, match=words):
        whole_id(TARGET, text)
