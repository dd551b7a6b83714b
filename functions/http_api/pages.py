"""The pages of the HTTP API: the console, the reference, the OpenAPI document; compressed where accepted."""

from __future__ import annotations

import mimetypes
from pathlib import Path

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from dexec.domain.errors import NotFound

router = APIGatewayHttpRouter()

PAGES = {
    path.name: path for folder in ("console", "static") for path in (Path(__file__).parent / folder).iterdir()
}
"""What may be served, by name: the console's files, and the generated documents."""


@router.get("/", include_in_schema=False, compress=True)
def console() -> Response[bytes]:
    """Serve the trading console."""
    return _file("index.html")


@router.get("/docs", include_in_schema=False, compress=True)
def reference() -> Response[bytes]:
    """Serve the readable reference."""
    return _file("docs.html")


@router.get("/openapi.json", include_in_schema=False, compress=True)
def openapi() -> Response[bytes]:
    """Serve the OpenAPI document."""
    return _file("openapi.json")


@router.get("/console/<file_name>", include_in_schema=False, compress=True)
def console_file(file_name: str) -> Response[bytes]:
    """Serve one of the console's files."""
    return _file(file_name)


def _file(name: str) -> Response[bytes]:
    if name not in PAGES:
        raise NotFound("there is no such page")
    content_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return Response(200, f"{content_type}; charset=utf-8", PAGES[name].read_bytes())
