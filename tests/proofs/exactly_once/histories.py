"""Random histories of many orders on PostgreSQL: what may happen in one, in any order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import ClassVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from dexec.domain.order import Order
from dexec.domain.risk import RiskLimits
from tests.conftest import Connecting, Isolation
from tests.proofs.exactly_once.matrix import REDELIVERIES
from tests.proofs.simulation.audit import PostgresAudit
from tests.proofs.simulation.backend import ContestedDatabase, on_postgres
from tests.proofs.simulation.faults import faults_at
from tests.proofs.simulation.invariants import check, check_usage
from tests.proofs.simulation.path import PathCheck
from tests.proofs.simulation.tape import Fault, Work
from tests.proofs.simulation.world import World
from tests.support.fakes import START, Landing

CLIENTS = ("alice", "bob")


@dataclass
class Stores:
    """A database at each isolation level, shared by all histories of a run."""

    databases: dict[Isolation, ContestedDatabase]
    audit: PostgresAudit
    histories: int = 0
    orders: int = 0


class Histories(RuleBasedStateMachine):
    """Clients, messages, crashes and time, in any order."""

    stores: ClassVar[Stores]

    @initialize(
        isolation=st.sampled_from(Isolation),
        redelivery=st.sampled_from(REDELIVERIES[:2]),
        orders=st.integers(1, 5),
    )
    def begin(self, isolation: Isolation, redelivery: str, orders: int) -> None:
        self.stores.audit.clear()
        self.stores.histories += 1
        start = START + timedelta(days=self.stores.histories)
        audit = self.stores.audit
        self.world = World(backend=on_postgres(self.stores.databases[isolation], audit), start=start)
        self.world.redelivery = redelivery
        self.keys = {name: self.world.client(name) for name in CLIENTS}
        for name, key in self.keys.items():
            self.world.connect(f"{name}'s stream", key, stream=True)
        self.watch_paths()
        self.connections = 0
        self.place_first(orders)

    def place_first(self, orders: int) -> None:
        """Place the orders that a history begins with."""
        for n in range(orders):
            self.place(CLIENTS[n % 2], None, True)

    def watch_paths(self) -> None:
        """Check that each order's history is a path of the model of market orders."""
        self.path = PathCheck(self.world)

    def orders(self) -> list[Order]:
        return [order for order, _ in self.world.backend.audit.histories()]

    @rule(name=st.sampled_from(CLIENTS), key=st.sampled_from([None, "k1", "k2"]), watches=st.booleans())
    def place(self, name: str, key: str | None, watches: bool) -> None:
        watcher = None
        if watches:
            watcher = self._connection(name)
        self.world.place(self.keys[name], key=key, watcher=watcher if key is None else None)

    def _connection(self, name: str) -> str:
        self.connections += 1
        connection_id = f"{name}'s {self.connections}"
        self.world.connect(connection_id, self.keys[name])
        return connection_id

    @rule()
    def deliver(self) -> None:
        self.world.deliver()

    @rule()
    def settle_a_dead_letter(self) -> None:
        self.world.settle_one()

    @rule()
    def sweep(self) -> None:
        self.world.sweep()

    @rule(seconds=st.sampled_from([0.3, 2, 16, 26, 61, 601]))
    def wait(self, seconds: float) -> None:
        self.world.clock.advance(seconds)

    @rule(n=st.integers(1, 12), choice=st.integers(0, 30))
    def prepare_a_fault(self, n: int, choice: int) -> None:
        """Put a fault at the n-th call from now; which one depends on the call."""
        at = len(self.world.tape.calls) + n

        def act(work: Work) -> object:
            faults = faults_at(self.world.tape.calls[at], self.world)
            return faults[choice % len(faults)].act(work)

        self.world.tape.faults[at] = Fault("prepared", act)

    @rule(landing=st.sampled_from(Landing))
    def decide_what_lands(self, landing: Landing) -> None:
        self.world.cluster.landings.append(landing)

    @rule(answers=st.integers(1, 3))
    def lose_the_venues(self, answers: int) -> None:
        for venue in self.world.venues:
            venue.failures = answers

    @rule()
    def pause(self) -> None:
        self.world.pause()

    @rule()
    def resume(self) -> None:
        self.world.resume()

    @rule(name=st.sampled_from(CLIENTS), orders=st.sampled_from([0, 1, 3]))
    def limit(self, name: str, orders: int) -> None:
        """Let the client trade so many orders a day, or as many as it likes."""
        if orders:
            limits = RiskLimits(max_daily=orders * 250_000_000)
            self.world.backend.risk.set(name, limits, self.world.clock.now())
        else:
            self.world.backend.risk.clear(name)

    @invariant()
    def usage_is_the_sum_of_what_is_submitted_and_confirmed(self) -> None:
        if hasattr(self, "world"):
            check_usage(self.world)

    @rule(name=st.sampled_from(CLIENTS))
    def cancel(self, name: str) -> None:
        self.world.cancel(self.keys[name])

    @rule()
    def duplicate_every_message(self) -> None:
        self.world.duplicate()

    # No rule has a precondition of the world: prices differ from history to history, and so would the choice.

    @rule(n=st.integers(0, 5))
    def lose_a_message(self, n: int) -> None:
        messages = self.world.queue.messages
        if messages:
            messages.pop(n % len(messages))

    @rule(n=st.integers(0, 5))
    def reorder(self, n: int) -> None:
        messages = self.world.queue.messages
        if messages:
            messages.append(messages.pop(n % len(messages)))

    @rule(n=st.integers(0, 20), after=st.integers(0, 3))
    def subscribe(self, n: int, after: int) -> None:
        orders = self.orders()
        if orders:
            order = orders[n % len(orders)]
            self.world.subscribe(self._connection(order.client_id), order)

    @rule(n=st.integers(0, 20))
    def hang_up(self, n: int) -> None:
        watches = sorted(self.world.watches)
        if watches:
            self.world.hang_up(watches[n % len(watches)][0])

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        self.world.tape.faults.clear()
        self.world.resume()
        # What a day's limit holds back would wait for midnight.
        for name in CLIENTS:
            self.world.backend.risk.clear(name)
        self.world.settle()
        self.end()
        check(self.world)
        self.stores.orders += len(self.orders())

    def end(self) -> None:
        """End what is not over when all that was under way has happened: no market order."""


def play_histories(machine: type[Histories], connecting: Connecting, examples: int, steps: int) -> Stores:
    """Play random histories, at both isolation levels; one transaction in ten loses a race."""
    with connecting(Isolation.READ_COMMITTED) as audit:
        databases = {
            level: ContestedDatabase(lambda level=level: connecting(level), 0.1, Random(1))  # type: ignore[misc]
            for level in Isolation
        }
        machine.stores = stores = Stores(databases, PostgresAudit(audit))
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=examples,
                stateful_step_count=steps,
                deadline=None,
                database=None,
                print_blob=True,
                suppress_health_check=list(HealthCheck),
            ),
        )
        for database in databases.values():
            database.close()
    return stores
