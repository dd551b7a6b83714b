"""The pages: console, reference, API documents, one about each error; compressed where that is accepted.

A page is asked for anew each time. The files that it loads lie in a folder that is named after their
content, so a browser asks for each of them once.
"""

from __future__ import annotations

import mimetypes
import re
from functools import cache
from hashlib import sha256
from pathlib import Path

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from dexec.domain.errors import NotFound

router = APIGatewayHttpRouter()

HERE = Path(__file__).parent

PAGES = {
    path.name: path for name in ("console", "static") for path in (HERE / name).iterdir() if path.is_file()
}
"""What may be served, by name: the console's files, and the generated documents."""

LOADED = re.compile(rb'(?<=")(?:\.\./)?console/')
"""Where a page names a file that it loads."""

FOREVER = {"cache-control": "public, max-age=31536000, immutable", "vary": "accept-encoding"}

COMMENT_LINE = re.compile(rb"^[ \t]*(?://|/\*\*|\*/|\* ).*", re.MULTILINE)
"""A line of a script that is all comment: it is served empty, so that all others keep their numbers."""

ERRORS = {path.stem: path for path in (HERE / "static" / "errors").glob("*.html")}
"""The page about each error code."""


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


@router.get("/asyncapi.json", include_in_schema=False, compress=True)
def asyncapi() -> Response[bytes]:
    """Serve the AsyncAPI document."""
    return _file("asyncapi.json")


@router.get("/errors", include_in_schema=False, compress=True)
def errors() -> Response[bytes]:
    """Serve the list of error codes."""
    return _file("errors.html")


@router.get("/errors/<code>", include_in_schema=False, compress=True)
def error(code: str) -> Response[bytes]:
    """Serve the page about an error code."""
    if code not in ERRORS:
        raise NotFound(f"there is no error {code[:60]}; /errors lists them all")
    return _served(ERRORS[code])


@router.get("/console/<version>/<file_name>", include_in_schema=False, compress=True)
def loaded_file(version: str, file_name: str) -> Response[bytes]:
    """Serve a file that a page loads; one of another version as it is now, and not for keeping."""
    return _file(file_name, is_kept=version == _version())


def _file(name: str, *, is_kept: bool = False) -> Response[bytes]:
    if name not in PAGES:
        raise NotFound(f"the console has no file {name[:60]}; its page is /, the reference /docs")
    return _served(PAGES[name], is_kept=is_kept)


def _served(path: Path, *, is_kept: bool = False) -> Response[bytes]:
    content_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    content = _content(path)
    if path.suffix == ".html":
        content = LOADED.sub(lambda found: found[0] + _version().encode() + b"/", content)
    return Response(200, f"{content_type}; charset=utf-8", content, {**FOREVER} if is_kept else {})


def _content(path: Path) -> bytes:
    content = path.read_bytes()
    return COMMENT_LINE.sub(b"", content) if path.suffix == ".js" else content


@cache
def _version() -> str:
    """Return the name of the folder from which pages load their files."""
    loaded = sorted(name for name in PAGES if name.endswith((".css", ".js", ".svg")))
    return sha256(b"".join(_content(PAGES[name]) for name in loaded)).hexdigest()[:12]
