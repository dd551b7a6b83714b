"""The containers' health check: the emulator serves and, once dexec is deployed to it, orders are taken."""

from __future__ import annotations

import http.client
import os
import sys

from infra.local.template import HTTP_API_ID

TIMEOUT_S = 5
READY = f"/_aws/execute-api/{HTTP_API_ID}/ready"


def what_is_wrong(port: int) -> str:
    """Return what is wrong with the emulator on a port of this machine; empty when nothing is."""
    try:
        if _status(port, "/_ministack/health") != http.HTTPStatus.OK:
            return "the emulator is not healthy"
        # Not found: it waits for its deployment.
        if _status(port, READY) in {http.HTTPStatus.OK, http.HTTPStatus.NOT_FOUND}:
            return ""
    except OSError as exc:
        return f"the emulator does not answer: {exc}"
    return "orders are not taken: GET /ready says why"


def _status(port: int, path: str) -> int:
    connection = http.client.HTTPConnection("localhost", port, timeout=TIMEOUT_S)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(what_is_wrong(int(os.environ["GATEWAY_PORT"])) or 0)
