"""Webhooks of the command line: create, list, deliveries, replay, test, delete."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dexec.domain.lifecycle import Status
from dexec.domain.webhooks import DeliveryState
from dexec_client.raw.json_types import Document
from infra.cli import output
from infra.cli.target import HOME, HomeOption, JsonOption, KeyOption, UrlOption, resolve

if TYPE_CHECKING:
    from dexec_client.raw.api import Api

hooks = typer.Typer(
    name="hooks", help="Webhooks: events of your orders, sent to an address of yours.", no_args_is_help=True
)

HookArgument = Annotated[str, typer.Argument(metavar="ID", help="hook_…, as dexec hooks list shows it.")]
TEST_S = 12
"""How long the outcome of a test is waited for: a try takes 8 s at the most."""


def _ask(
    home: Path,
    url: str | None,
    api_key: str | None,
    call: Callable[[Api], Awaitable[Document]],
    lists: str = "dexec hooks list",
) -> Document:
    """Return what a call of the API answers; ``lists`` is the command that shows what one can name in it."""
    from dexec_client.errors import NotFound
    from dexec_client.raw.api import Api
    from infra.cli.advice import Advised

    async def asked() -> Document:
        target = resolved
        async with Api(target.http_url, target.api_key) as api:
            try:
                return await call(api)
            except NotFound as exc:
                raise Advised(exc, f"list yours with: {lists}") from exc

    resolved = resolve(home, url, api_key)
    return asyncio.run(asked())


@hooks.command()
def create(
    address: Annotated[
        str,
        typer.Argument(
            metavar="URL", help="Where events are sent: https://…, on a local deployment also http://…"
        ),
    ],
    *,
    events: Annotated[
        str,
        typer.Option(help="Statuses, separated by commas: confirmed,failed.", show_default="all of them"),
    ] = "",
    home: HomeOption = HOME,
    url: UrlOption = None,
    api_key: KeyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Have the events of orders placed from now on sent to an address; prints the signing secret, once."""
    wanted = [name.strip() for name in events.split(",") if name.strip()]
    unknown = [name for name in wanted if name not in set(Status)]
    if unknown:
        raise typer.BadParameter(f"{unknown[0]} is not a status; name some of {', '.join(Status)}")
    made = _ask(home, url, api_key, lambda api: api.create_hook(address, wanted))

    def show(document: Document) -> None:
        output.say(f"{document['hookId']} sends to {document['url']}")
        output.say(f"secret {document['secret']}")
        output.note(f"Keep the secret: it is not shown again. Try it: dexec hooks test {document['hookId']}")

    output.say_result(made, show, as_json=as_json)


@hooks.command("list")
def list_hooks(
    *,
    home: HomeOption = HOME,
    url: UrlOption = None,
    api_key: KeyOption = None,
    as_json: JsonOption = False,
) -> None:
    """List webhooks, whether they work, and why not."""
    output.say_result(_ask(home, url, api_key, lambda api: api.hooks()), print_hooks, as_json=as_json)


def print_hooks(document: Any) -> None:
    """Print webhooks, each with its whole address, and why it fails."""
    if not document["webhooks"]:
        output.note("No webhooks; make one with: dexec hooks create URL")
        return
    from rich.markup import escape

    for one in document["webhooks"]:
        output.say(f"{one['hookId']}  {one['state']}  {', '.join(one['events']) or 'all events'}")
        output.say(f"  {escape(one['url'])}")
        if since := one["disabledAt"] or one["failingSince"]:
            output.say(f"  since {output.minute(since)}: {escape(one['reason'] or 'no reason is known')}")


@hooks.command()
def deliveries(
    hook_id: HookArgument,
    *,
    state: Annotated[DeliveryState | None, typer.Option(help="Only those in this state.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many.")] = 20,
    cursor: Annotated[str | None, typer.Option(help="Those before this delivery.")] = None,
    home: HomeOption = HOME,
    url: UrlOption = None,
    api_key: KeyOption = None,
    as_json: JsonOption = False,
) -> None:
    """List what was sent to a webhook, latest order first, and what became of it."""
    page = _ask(
        home, url, api_key, lambda api: api.deliveries(hook_id, state=state, limit=limit, cursor=cursor)
    )
    output.say_result(page, lambda document: print_deliveries(document, hook_id), as_json=as_json)


def print_deliveries(document: Any, hook_id: str) -> None:
    """Print a page of deliveries; a narrow terminal cuts their ids and wraps the reasons, nothing else."""
    if not document["deliveries"]:
        output.note("No deliveries. Orders placed after the webhook was made are sent to it.")
        return
    names = ("type", "state", "tries", "last try")
    table = output.table("delivery", *names, "", right=("tries",), whole=names)
    for one in document["deliveries"]:
        outcome = one["error"] or (f"answered {one['answer']}" if one["answer"] else "")
        last = one["lastAt"][:19].replace("T", " ")
        table.add_row(
            output.Tail(one["deliveryId"]), one["type"], one["state"], str(one["tries"]), last, outcome
        )
    output.console().print(table)
    if document["nextCursor"]:
        output.note(f"More: dexec hooks deliveries {hook_id} --cursor {document['nextCursor']}")


@hooks.command()
def replay(
    hook_id: HookArgument,
    delivery: Annotated[
        str | None,
        typer.Argument(
            metavar="DELIVERY", help="One delivery.", show_default="all that failed or wait for a try"
        ),
    ] = None,
    *,
    home: HomeOption = HOME,
    url: UrlOption = None,
    api_key: KeyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Send one delivery again, or all that were given up or wait for another try."""
    lists = "dexec hooks list" if delivery is None else "dexec hooks deliveries ID or dexec hooks list"
    answer = _ask(home, url, api_key, lambda api: api.replay(hook_id, delivery), lists)
    output.say_result(answer, lambda one: output.say(f"{one['replayed']} sent again"), as_json=as_json)


@hooks.command("test")
def send_test(
    hook_id: HookArgument,
    *,
    home: HomeOption = HOME,
    url: UrlOption = None,
    api_key: KeyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Send a test and show what the receiver answered; one that is disabled is enabled if that was 2xx."""

    async def outcome(api: Api) -> Document:
        named = (await api.test_hook(hook_id))["deliveryId"]
        until = time.monotonic() + TEST_S
        while time.monotonic() < until:
            found: Any = await api.deliveries(hook_id, limit=100)
            for one in found["deliveries"]:
                if one["deliveryId"] == named:
                    return dict(one)
            await asyncio.sleep(0.3)
        return {
            "deliveryId": named,
            "state": "queued",
            "answer": None,
            "error": f"no outcome within {TEST_S} s",
        }

    done = _ask(home, url, api_key, outcome)
    output.say_result(done, lambda one: output.say(_said(one)), as_json=as_json)
    if done["state"] != DeliveryState.DELIVERED:
        raise typer.Exit(1)


def _said(one: Any) -> str:
    return f"{one['state']}: {one['error'] or 'answered ' + str(one['answer'])}"


@hooks.command()
def delete(
    hook_id: HookArgument,
    *,
    home: HomeOption = HOME,
    url: UrlOption = None,
    api_key: KeyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Delete a webhook: nothing is sent to it any more."""
    done = _ask(home, url, api_key, lambda api: api.delete_hook(hook_id))
    output.say_result(done, lambda one: output.say(f"{one['hookId']} is deleted"), as_json=as_json)
