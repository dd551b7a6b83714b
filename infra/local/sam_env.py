"""Writes the environment with which ``sam local`` runs functions against a local deployment.

``sam local`` runs a function in a container, with the environment that the template gives it; there the
queue and the database have no addresses. ``--env-vars`` sets them to those of the running deployment, as
a container sees them: loopback would be the container itself.
"""

from __future__ import annotations

import json

from infra.local.emulator import CONTAINERS_HOST
from infra.local.home import Home, State


def write(home: Home, state: State, order_queue_url: str) -> None:
    """Write the file that ``--env-vars`` takes, readable by its owner only: it holds a password."""
    variables = {
        "DATABASE_SECRET_ARN": "",
        "DATABASE_URL": _from_container(state.database_url),
        "DSQL_ENDPOINT": "",
        "HTTP_URL": state.http_url,
        "ORDER_QUEUE_URL": _from_container(order_queue_url),
        "WEBSOCKET_CALLBACK_URL": _from_container(state.websocket_url.replace("ws", "http", 1)),
        "WEBSOCKET_URL": state.websocket_url,
    }
    home.sam_env.touch(mode=0o600)
    home.sam_env.write_text(json.dumps({"Parameters": variables}, indent=2) + "\n")


def remove(home: Home) -> None:
    """Remove the file."""
    home.sam_env.unlink(missing_ok=True)


def _from_container(url: str) -> str:
    return url.replace("127.0.0.1", CONTAINERS_HOST, 1).replace("localhost", CONTAINERS_HOST, 1)
