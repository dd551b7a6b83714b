"""The ports in memory; each passes the contract tests of the adapter that it stands for."""

from tests.fakes.chain import FakeCluster, FakeSigner, FakeVenue, FakeWallets, Landing
from tests.fakes.clock import START, FakeClock
from tests.fakes.control import FakeControl
from tests.fakes.orders import FakeOrders
from tests.fakes.probe import FakeProbe
from tests.fakes.push import FakeBacklogs, FakePush
from tests.fakes.queue import FakeQueue, Message
from tests.fakes.store import FakeApiKeys, Store
from tests.fakes.threads import SameThread
from tests.fakes.watching import FakeWatching

__all__ = [
    "START",
    "FakeApiKeys",
    "FakeBacklogs",
    "FakeClock",
    "FakeCluster",
    "FakeControl",
    "FakeOrders",
    "FakeProbe",
    "FakePush",
    "FakeQueue",
    "FakeSigner",
    "FakeVenue",
    "FakeWallets",
    "FakeWatching",
    "Landing",
    "Message",
    "SameThread",
    "Store",
]
