"""The ``Queue`` port on SQS, through its JSON protocol."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import cast

from dexec.adapters.aws.signed_http import UNREACHABLE, Answer, SignedHttp
from dexec.domain.errors import QueueUnavailable

MAX_DELAY_S = 900
MAX_VISIBILITY_S = 43_200
TRIES = 2
BATCH = 10
"""Messages that SQS takes in one call."""


class SqsCalls:
    """The actions of one queue; ``name`` is what errors call it."""

    def __init__(self, http: SignedHttp, url: str, name: str) -> None:
        self._http = http
        self._url = url
        self._name = name

    def send(self, body: str, group: str, delay_s: int) -> None:
        """Send a message; those of a group do not delay the others'."""
        fields = {"MessageBody": body, "DelaySeconds": min(delay_s, MAX_DELAY_S), "MessageGroupId": group}
        self.call("SendMessage", fields)

    def send_all(self, messages: Sequence[tuple[str, str]]) -> None:
        """Send messages (body, group), as many at once as the queue takes."""
        for start in range(0, len(messages), BATCH):
            entries = [
                {"Id": str(place), "MessageBody": body, "MessageGroupId": group}
                for place, (body, group) in enumerate(messages[start : start + BATCH])
            ]
            answer = self.call("SendMessageBatch", {"Entries": entries})
            if failed := answer.get("Failed"):
                raise QueueUnavailable(f"the {self._name} refused messages") from RuntimeError(failed)

    def call(self, action: str, fields: Mapping[str, object]) -> dict[str, object]:
        """Call an action of the queue, twice if need be; raise ``QueueUnavailable``."""
        body = json.dumps({"QueueUrl": self._url, **fields}).encode()
        headers = {"content-type": "application/x-amz-json-1.0", "x-amz-target": f"AmazonSQS.{action}"}
        for _ in range(TRIES):
            try:
                answer = self._http.post("/", body, headers)
            except UNREACHABLE as exc:
                cause: Exception = exc
                continue
            if answer.status < 300:
                return cast("dict[str, object]", json.loads(answer.body or b"{}"))
            cause = _refusal(answer)
            if answer.status < 500:
                break
        raise QueueUnavailable(f"the {self._name} cannot be reached") from cause


class SqsQueue:
    """A standard queue whose message body is ``{"orderId": …}`` and nothing else."""

    def __init__(self, http: SignedHttp, url: str) -> None:
        self._calls = SqsCalls(http, url, "order queue")

    def send(self, order_id: str, client_id: str, delay_s: int) -> None:
        """Put an order's message on the queue; the client is its message group, so that queuing is fair."""
        self._calls.send(json.dumps({"orderId": order_id}), client_id, delay_s)

    def send_all(self, orders: Sequence[tuple[str, str]]) -> None:
        """Put messages of orders on the queue, in batches."""
        self._calls.send_all([(json.dumps({"orderId": one}), client_id) for one, client_id in orders])

    def postpone(self, receipt: str, delay_s: int) -> None:
        """Make a received message visible again after ``delay_s``."""
        timeout_s = min(delay_s, MAX_VISIBILITY_S)
        self._calls.call(
            "ChangeMessageVisibility", {"ReceiptHandle": receipt, "VisibilityTimeout": timeout_s}
        )

    def is_empty(self) -> bool:
        """Whether the queue shows no visible message."""
        answer = self._calls.call("GetQueueAttributes", {"AttributeNames": ["ApproximateNumberOfMessages"]})
        attributes = cast("dict[str, str]", answer["Attributes"])
        return int(attributes["ApproximateNumberOfMessages"]) == 0

    def probe(self) -> None:
        """Ask for an attribute."""
        self.is_empty()


def _refusal(answer: Answer) -> Exception:
    return RuntimeError(f"SQS answered {answer.status}: {answer.body[:300].decode(errors='replace')}")
