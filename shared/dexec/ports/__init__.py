"""What the use cases need from the world, as Protocols; adapters and fakes implement them.

Every method that talks to something else may raise ``Unavailable`` (it had no effect) or
``OutcomeUnknown`` (it may have had one); what else it raises stands with it.
"""

from dexec.ports.keys import ApiKey, ApiKeys
from dexec.ports.market import Blockhash, Cluster, Landed, Outcomes, Signer, Venue, Wallets
from dexec.ports.messaging import Backlogs, Delivery, Push, Queue
from dexec.ports.orders import Archive, Claim, ClaimOutcome, NewOrder, Orders, Placed, RateLimit
from dexec.ports.readiness import Probe
from dexec.ports.time import Clock
from dexec.ports.watching import Connection, Told, Watcher, Watching

__all__ = [
    "ApiKey",
    "ApiKeys",
    "Archive",
    "Backlogs",
    "Blockhash",
    "Claim",
    "ClaimOutcome",
    "Clock",
    "Cluster",
    "Connection",
    "Delivery",
    "Landed",
    "NewOrder",
    "Orders",
    "Outcomes",
    "Placed",
    "Probe",
    "Push",
    "Queue",
    "RateLimit",
    "Signer",
    "Told",
    "Venue",
    "Wallets",
    "Watcher",
    "Watching",
]
