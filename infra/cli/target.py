"""Selects the deployment of a command: the one named, else the local one."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

HOME = Path(".dexec")

HomeOption = Annotated[
    Path, typer.Option("--home", envvar="DEXEC_HOME", help="Directory of the local deployment.")
]
UrlOption = Annotated[
    str | None,
    typer.Option(
        "--url", envvar="DEXEC_URL", help="HTTP API of another deployment.", show_default="the local one"
    ),
]
KeyOption = Annotated[
    str | None,
    typer.Option("--api-key", envvar="DEXEC_API_KEY", help="API key.", show_default="the local one's"),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@dataclass(frozen=True)
class Target:
    """A deployment, and an API key for it."""

    http_url: str
    websocket_url: str
    api_key: str


def resolve(home: Path, url: str | None, api_key: str | None) -> Target:
    """Return the deployment to talk to.

    Raises ``LocalError`` when none is named and none runs, ``SdkError`` when the named one is silent.
    """
    from infra.local.deployment import running
    from infra.local.home import Home

    if url is None:
        state = running(Home(home.resolve()))
        return Target(state.http_url, state.websocket_url, api_key or state.api_key)
    if api_key is None:
        raise typer.BadParameter("a deployment named by --url needs a key: --api-key, or DEXEC_API_KEY")
    return Target(url, asyncio.run(_websocket_url(url, api_key)), api_key)


async def _websocket_url(url: str, api_key: str) -> str:
    from dexec_client.raw.api import Api

    async with Api(url, api_key) as api:
        return str((await api.config())["websocketUrl"])
