"""A small server that is, to a function, all of AWS that it talks to.

It speaks the Runtime API of Lambda, over which the runtime client takes events and gives answers, and it
answers SQS, API Gateway's connection management and CloudFormation as far as the functions call them.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from typing import cast

Document = dict[str, object]
VERSION = "/2018-06-01/runtime"
ARN = "arn:aws:lambda:us-east-1:123456789012:function:dexec"
_SQS: dict[str, Document] = {
    "SendMessage": {"MessageId": "1", "MD5OfMessageBody": "0"},
    "ChangeMessageVisibility": {},
    "GetQueueAttributes": {"Attributes": {"ApproximateNumberOfMessages": "0"}},
}


@dataclass
class RuntimeApi:
    """Events to be handled, and what the functions answered and sent."""

    port: int
    events: Queue[Document] = field(default_factory=Queue)
    answers: Queue[Document | None] = field(default_factory=Queue)
    pushed: list[Document] = field(default_factory=list)
    queued: list[Document] = field(default_factory=list)
    put: list[Document] = field(default_factory=list)

    @property
    def address(self) -> str:
        """Where the runtime client looks for events."""
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """Where everything else is."""
        return f"http://{self.address}"

    def invoke(self, event: Document, timeout_s: float = 30) -> Document | None:
        """Have an event handled by the function that runs; return its answer."""
        self.events.put(event)
        return self.answers.get(timeout=timeout_s)


class _Handler(BaseHTTPRequestHandler):
    api: RuntimeApi
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        assert self.path == f"{VERSION}/invocation/next"
        event = self.api.events.get()
        deadline_ms = round(time.time() * 1000) + 20_000
        headers = {
            "Lambda-Runtime-Aws-Request-Id": "8476a536-e9f4-11e8-9739-2dfe598c3fcd",
            "Lambda-Runtime-Deadline-Ms": str(deadline_ms),
            "Lambda-Runtime-Invoked-Function-Arn": ARN,
            "Lambda-Runtime-Trace-Id": "",
        }
        self._reply(200, event, headers)

    def do_POST(self) -> None:
        body = self._body()
        if self.path.startswith(f"{VERSION}/"):
            is_answer = self.path.endswith("/response")
            self.api.answers.put(body if is_answer else {"error": body})
            self._reply(202, {})
        elif self.path.startswith("/@connections/"):
            self.api.pushed.append(cast(Document, body))
            self._reply(200, {})
        elif match := re.fullmatch(r"AmazonSQS\.(\w+)", self.headers.get("x-amz-target", "")):
            self.api.queued.append(cast(Document, body))
            self._reply(200, _SQS[match[1]])
        else:
            self._reply(404, {})

    def do_PUT(self) -> None:
        self.api.put.append(cast(Document, self._body()))
        self._reply(200, {})

    def _body(self) -> Document | None:
        text = self.rfile.read(int(self.headers.get("content-length", 0)))
        return cast("Document | None", json.loads(text)) if text else None

    def _reply(self, status: int, document: Document, headers: dict[str, str] | None = None) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        named = {"content-type": "application/json", "content-length": str(len(body)), **(headers or {})}
        for name, value in named.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # A client that is stopped while it waits for an event leaves its request open.
    block_on_close = False

    def handle_error(self, *_: object) -> None:
        """Keep quiet: that client is gone."""


@contextmanager
def runtime_api() -> Iterator[RuntimeApi]:
    """Serve on a free port of loopback."""

    class Handler(_Handler):
        """The handler of this server alone."""

    with _Server(("127.0.0.1", 0), Handler) as server:
        Handler.api = RuntimeApi(server.server_port)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield Handler.api
        finally:
            server.shutdown()
            thread.join()
