"""The ports: what the use cases need from outside, as Protocols that adapters and fakes implement.

Every method that makes a call may raise ``Unavailable`` (it had no effect) or ``OutcomeUnknown`` (it may
have had one); other errors are listed with the method.
"""

from dexec.domain.claims import ClaimOutcome
from dexec.ports.control import MOST_CANCELLED, MOST_ORDERS, Cancels, Control, Standing, Written
from dexec.ports.keys import ApiKey, ApiKeys
from dexec.ports.market import (
    Blockhash,
    CannotLand,
    Chain,
    Cluster,
    Landed,
    Outcomes,
    Pending,
    Signer,
    Venue,
    Wallets,
)
from dexec.ports.messaging import Delivery, EncodeEvents, EventReplay, Push, Queue, Starter
from dexec.ports.orders import Archive, Claim, Forgotten, NewOrder, Orders, Placed, RateLimit, StatusFilter
from dexec.ports.readiness import Probe
from dexec.ports.risk import Risk
from dexec.ports.ticks import Ticks
from dexec.ports.time import Clock
from dexec.ports.waiting import (
    MOST_TRIGGERED,
    BookTick,
    Bound,
    Found,
    Moved,
    ShardLease,
    Waiting,
)
from dexec.ports.watching import (
    Connection,
    Deliveries,
    Missed,
    MostConnections,
    Undelivered,
    Watcher,
    Watching,
)
from dexec.ports.webhooks import (
    Busy,
    EncodeWebhook,
    Hint,
    HookQueue,
    Line,
    Outbox,
    Post,
    Webhooks,
)

__all__ = [
    "MOST_CANCELLED",
    "MOST_ORDERS",
    "MOST_TRIGGERED",
    "ApiKey",
    "ApiKeys",
    "Archive",
    "Blockhash",
    "BookTick",
    "Bound",
    "Busy",
    "Cancels",
    "CannotLand",
    "Chain",
    "Claim",
    "ClaimOutcome",
    "Clock",
    "Cluster",
    "Connection",
    "Control",
    "Deliveries",
    "Delivery",
    "EncodeEvents",
    "EncodeWebhook",
    "EventReplay",
    "Forgotten",
    "Found",
    "Hint",
    "HookQueue",
    "Landed",
    "Line",
    "Missed",
    "MostConnections",
    "Moved",
    "NewOrder",
    "Orders",
    "Outbox",
    "Outcomes",
    "Pending",
    "Placed",
    "Post",
    "Probe",
    "Push",
    "Queue",
    "RateLimit",
    "Risk",
    "ShardLease",
    "Signer",
    "Standing",
    "Starter",
    "StatusFilter",
    "Ticks",
    "Undelivered",
    "Venue",
    "Waiting",
    "Wallets",
    "Watcher",
    "Watching",
    "Webhooks",
    "Written",
]
