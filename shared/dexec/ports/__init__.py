"""What the use cases need from the world, as Protocols; adapters and fakes implement them.

Every method that talks to something else may raise ``Unavailable`` (it had no effect) or
``OutcomeUnknown`` (it may have had one); what else it raises stands with it.
"""

from dexec.domain.claims import ClaimOutcome
from dexec.ports.control import MOST_ORDERS, Control, Standing
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
from dexec.ports.messaging import Backlogs, Delivery, EncodeEvents, Push, Queue
from dexec.ports.orders import Archive, Claim, NewOrder, Orders, Placed, RateLimit
from dexec.ports.readiness import Probe
from dexec.ports.time import Clock
from dexec.ports.watching import Connection, MostConnections, Told, Untold, Watcher, Watching

__all__ = [
    "MOST_ORDERS",
    "ApiKey",
    "ApiKeys",
    "Archive",
    "Backlogs",
    "Blockhash",
    "CannotLand",
    "Chain",
    "Claim",
    "ClaimOutcome",
    "Clock",
    "Cluster",
    "Connection",
    "Control",
    "Delivery",
    "EncodeEvents",
    "Landed",
    "MostConnections",
    "NewOrder",
    "Orders",
    "Outcomes",
    "Pending",
    "Placed",
    "Probe",
    "Push",
    "Queue",
    "RateLimit",
    "Signer",
    "Standing",
    "Told",
    "Untold",
    "Venue",
    "Wallets",
    "Watcher",
    "Watching",
]
