"""The ports in memory; each passes the contract tests of the adapter that it stands for."""

from tests.support.fakes.chain import FakeChain, FakeCluster, FakeSigner, FakeWallets, Landing
from tests.support.fakes.clock import START, FakeClock
from tests.support.fakes.control import FakeControl
from tests.support.fakes.market import FakeMarket, FakeVenue
from tests.support.fakes.orders import FakeOrders
from tests.support.fakes.probe import FakeProbe
from tests.support.fakes.push import FakeEventReplay, FakePush
from tests.support.fakes.queue import FakeQueue, Message
from tests.support.fakes.risk import FakeRisk
from tests.support.fakes.store import FakeApiKeys, Store
from tests.support.fakes.threads import SameThread
from tests.support.fakes.ticks import FakeTicks
from tests.support.fakes.waiting import FakeStarter, FakeWaiting
from tests.support.fakes.watching import FakeWatching
from tests.support.fakes.webhooks import FakeHookQueue, FakeOutbox, FakePost, FakeWebhooks

__all__ = [
    "START",
    "FakeApiKeys",
    "FakeChain",
    "FakeClock",
    "FakeCluster",
    "FakeControl",
    "FakeEventReplay",
    "FakeHookQueue",
    "FakeMarket",
    "FakeOrders",
    "FakeOutbox",
    "FakePost",
    "FakeProbe",
    "FakePush",
    "FakeQueue",
    "FakeRisk",
    "FakeSigner",
    "FakeStarter",
    "FakeTicks",
    "FakeVenue",
    "FakeWaiting",
    "FakeWallets",
    "FakeWatching",
    "FakeWebhooks",
    "Landing",
    "Message",
    "SameThread",
    "Store",
]
