"""Builds the adapters that call AWS, and the one that calls clients' endpoints."""

from __future__ import annotations

import os
from functools import cached_property
from typing import TYPE_CHECKING

from dexec.wiring.parts import Parts

if TYPE_CHECKING:
    from dexec.ports import (
        EventReplay,
        HookQueue,
        Post,
        Push,
        Queue,
        Starter,
    )


class Services(Parts):
    """Queues, functions, connections and endpoints."""

    @cached_property
    def queue(self) -> Queue:
        """The order queue."""
        from dexec.adapters.aws import clients as aws
        from dexec.adapters.aws.queue import SqsQueue

        http = aws.queue_http(self.settings.order_queue_url)
        self._opened.callback(http.close)
        return SqsQueue(http, self.settings.order_queue_url)

    @cached_property
    def hook_queue(self) -> HookQueue:
        """The queue of the sender of webhooks."""
        from dexec.adapters.aws import clients as aws
        from dexec.adapters.aws.hook_queue import SqsHookQueue

        http = aws.queue_http(self.settings.webhook_queue_url)
        self._opened.callback(http.close)
        return SqsHookQueue(http, self.settings.webhook_queue_url)

    @cached_property
    def post(self) -> Post:
        """Sends to endpoints."""
        from dexec.adapters.post import HttpPost

        return HttpPost(local=self.settings.allow_local_webhooks)

    @cached_property
    def push(self) -> Push:
        """Pushes to WebSocket connections."""
        from dexec.adapters.aws import clients as aws
        from dexec.adapters.aws.push import ApiGatewayPush

        http = aws.push_http(self.settings.websocket_callback_url)
        self._opened.callback(http.close)
        return ApiGatewayPush(http)

    @cached_property
    def event_replay(self) -> EventReplay:
        """Sends past events to connections that are still opening."""
        from dexec.adapters.aws import clients as aws
        from dexec.adapters.aws.event_replay import LambdaEventReplay

        http = aws.functions_http(self.settings.url_suffix)
        self._opened.callback(http.close)
        return LambdaEventReplay(http, os.environ.get("AWS_LAMBDA_FUNCTION_NAME", ""))

    @cached_property
    def starter(self) -> Starter:
        """Starts the function that ticks a shard of books."""
        from dexec.adapters.aws import clients as aws
        from dexec.adapters.aws.starter import LambdaStarter

        http = aws.functions_http(self.settings.url_suffix)
        self._opened.callback(http.close)
        own = os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "")
        return LambdaStarter(http, self.settings.trigger_function or own)
