"""Schemas of all that a deployment sends, as one OpenAPI document: types of clients are generated from it.

``python -m infra.release.documents.clients`` prints it.
"""

from __future__ import annotations

import json
from typing import cast

from infra.json_types import Node
from infra.release.documents import asyncapi, openapi
from infra.release.documents.components import needed


def document() -> Node:
    """Return the schemas of the HTTP API, with those of the frames that clients receive, and no paths."""
    http = openapi.document()
    websocket = cast(Node, asyncapi.document()["components"])
    messages = cast(Node, websocket["messages"])
    frames = needed(cast(Node, websocket["schemas"]), [messages[name] for name in asyncapi.SENT])
    schemas = frames | cast(Node, cast(Node, http["components"])["schemas"])
    return {
        "openapi": http["openapi"],
        "info": http["info"],
        "paths": {},
        "components": {"schemas": dict(sorted(schemas.items()))},
    }


if __name__ == "__main__":
    print(json.dumps(document(), indent=1))
