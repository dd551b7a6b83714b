"""The ``Queue`` port on SQS."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from dexec.domain.errors import QueueUnavailable

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

MAX_DELAY_S = 900
MAX_VISIBILITY_S = 43_200


class SqsQueue:
    """A standard queue whose message body is ``{"orderId": …}`` and nothing else."""

    def __init__(self, client: SQSClient, url: str) -> None:
        self._client = client
        self._url = url

    def send(self, order_id: str, client_id: str, delay_s: int) -> None:
        """Put an order's message on the queue; the client is its message group, so that queuing is fair."""
        try:
            self._client.send_message(
                QueueUrl=self._url,
                MessageBody=json.dumps({"orderId": order_id}),
                DelaySeconds=min(delay_s, MAX_DELAY_S),
                MessageGroupId=client_id,
            )
        except (BotoCoreError, ClientError) as exc:
            raise QueueUnavailable("the order queue cannot be reached") from exc

    def postpone(self, receipt: str, delay_s: int) -> None:
        """Make a received message visible again after ``delay_s``."""
        try:
            self._client.change_message_visibility(
                QueueUrl=self._url, ReceiptHandle=receipt, VisibilityTimeout=min(delay_s, MAX_VISIBILITY_S)
            )
        except (BotoCoreError, ClientError) as exc:
            raise QueueUnavailable("the order queue cannot be reached") from exc

    def is_empty(self) -> bool:
        """Whether the queue shows no visible message."""
        try:
            answer = self._client.get_queue_attributes(
                QueueUrl=self._url, AttributeNames=["ApproximateNumberOfMessages"]
            )
        except (BotoCoreError, ClientError) as exc:
            raise QueueUnavailable("the order queue cannot be reached") from exc
        return int(answer["Attributes"]["ApproximateNumberOfMessages"]) == 0
