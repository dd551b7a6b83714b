"""The ``Starter`` port: an asynchronous invocation of the trigger function."""

from __future__ import annotations

from dexec.adapters.aws.invocation import Invocation
from dexec.adapters.aws.signed_http import SignedHttp


class LambdaStarter:
    """The trigger function runs for a minute: nothing waits for its answer."""

    def __init__(self, http: SignedHttp, function_name: str) -> None:
        self._invoke = Invocation(http, function_name, "the trigger function cannot be started at the moment")

    def start(self, shard: int, *, scheduled: bool = False) -> None:
        """Have a shard ticked by an invocation of its own."""
        self._invoke({"shard": shard, "scheduled": scheduled})
