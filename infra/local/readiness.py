"""Readiness of a deployment, and the restarts that its supervisor made."""

from __future__ import annotations

import http.client
import json
from urllib.parse import urlsplit

from infra.local.deployment import SUPERVISOR
from infra.local.home import Home, State

TIMEOUT_S = 10


def what_is_down(state: State) -> str:
    """Return what ``GET /ready`` says is down, or why it does not say; empty when orders are taken."""
    address = urlsplit(state.http_url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=TIMEOUT_S)
    try:
        connection.request("GET", f"{address.path}/ready")
        answer = connection.getresponse()
        body = json.loads(answer.read())
        return "" if answer.status == http.HTTPStatus.OK else str(body["detail"])
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError) as exc:
        return f"GET /ready was not answered: {exc!r}"
    finally:
        connection.close()


def restarts(home: Home) -> list[str]:
    """Return what the supervisor has written since it was started, oldest first."""
    log = home.log(SUPERVISOR)
    return log.read_text(errors="replace").splitlines() if log.exists() else []
