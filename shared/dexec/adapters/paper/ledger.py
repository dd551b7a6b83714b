"""The paper ledger: wallets, double entries, and transactions by signature, in a schema of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from threading import Lock
from typing import cast

import psycopg

from dexec.adapters.paper.tape import PriceMove
from dexec.adapters.postgres.database import Database, Repeat
from dexec.adapters.postgres.statements import Row, Statement
from dexec.domain.errors import (
    ClusterUnavailable,
    CommitUnknown,
    InsufficientFunds,
    OrderFailed,
    SendUnknown,
    StoreUnavailable,
)
from dexec.domain.tokens import TOKENS

STARTING_BALANCES = {
    "SOL": 10_000 * 10**9,
    "USDC": 2_000_000 * 10**6,
    "USDT": 2_000_000 * 10**6,
    "RAY": 500_000 * 10**6,
    "JUP": 1_000_000 * 10**6,
    "BONK": 50_000_000_000 * 10**5,
}
"""What a new wallet is given of each token, in base units."""

REMEMBERED = 64
"""Transactions that were settled here and are not read again."""


@dataclass(frozen=True, slots=True)
class Booking:
    """One line of a double entry: ``amount`` base units of ``mint`` to an account, negative out of it."""

    account: str
    mint: str
    amount: int


@dataclass(frozen=True, slots=True)
class Moves:
    """What a wallet pays and is paid, in base units."""

    mint_in: str
    amount_in: int
    mint_out: str
    amount_out: int


@dataclass(frozen=True, slots=True)
class Posting:
    """A transaction as the ledger keeps it; it shows from ``lands_at`` on."""

    signature: str
    owner: str
    order_id: str
    slot: int
    lands_at: datetime


@dataclass(frozen=True, slots=True)
class Entry:
    """How a transaction ended: the JSON of its fill, or of its error; neither when it was ruled out."""

    slot: int
    fill: str | None
    error: str | None

    @property
    def is_ruled_out(self) -> bool:
        """Whether this keeps the transaction from ever landing."""
        return self.fill is None and self.error is None


class PaperLedger:
    """The ledger in PostgreSQL, over a connection that only it uses, one thread at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._funded: set[str] = set()
        self._settled: dict[str, tuple[Posting, Entry]] = {}
        self._lock = Lock()

    def settle(self, posting: Posting, moves: Moves, bookings: Sequence[Booking], fill: str) -> None:
        """Move the amounts and record the fill; a signature that is there already changes nothing.

        Raises ``InsufficientFunds`` and ``OrderFailed`` (nothing is recorded; whoever sends records the
        refusal, or the transaction would look as if it had not arrived), ``ClusterUnavailable``,
        ``SendUnknown``.
        """
        self.fund(posting.owner)
        params = {
            **_posting(posting),
            "mint_in": moves.mint_in,
            "amount_in": moves.amount_in,
            "mint_out": moves.mint_out,
            "amount_out": moves.amount_out,
            "lines": list(range(1, len(bookings) + 1)),
            "accounts": [booking.account for booking in bookings],
            "mints": [booking.mint for booking in bookings],
            "amounts": [booking.amount for booking in bookings],
            "fill": fill,
        }
        try:
            self._run(Statement("paper_settle", params), Repeat.HARMLESS)
            self._remember(posting, fill)
        except psycopg.errors.UniqueViolation:
            return
        except psycopg.errors.CheckViolation as exc:
            raise InsufficientFunds("the wallet does not hold what the swap takes") from exc
        except psycopg.errors.NumericValueOutOfRange as exc:
            raise OrderFailed("the wallet cannot hold as much as the swap pays out") from exc
        except psycopg.Error as exc:
            raise OrderFailed(f"the paper ledger refused the swap (SQLSTATE {exc.sqlstate})") from exc

    def refuse(self, posting: Posting, error: str) -> None:
        """Record a transaction that failed by its own rules."""
        self._run(Statement("paper_refuse", {**_posting(posting), "error": error}), Repeat.HARMLESS)

    def _remember(self, posting: Posting, fill: str) -> None:
        """Keep what was settled last: who sends a transaction looks for it next, and it never changes."""
        with self._lock:
            if len(self._settled) >= REMEMBERED:
                del self._settled[next(iter(self._settled))]
            self._settled[posting.signature] = posting, Entry(posting.slot, fill, None)

    def entry(self, signature: str, now: datetime) -> Entry | None:
        """Return how a transaction ended, None while it does not show."""
        if (remembered := self._settled.get(signature)) is not None:
            posting, settled = remembered
            return settled if posting.lands_at <= now else None
        found = self._run(Statement("paper_transaction", {"signature": signature, "now": now}), Repeat.READ)
        return _entry(found[0]) if found else None

    def rule_out(self, signature: str, slot: int, now: datetime) -> Entry:
        """Keep a transaction that is not there from landing later; return what stands under its signature.

        The key decides between this and a ``settle`` under way: what came first is what is returned.
        """
        tombstone = {"signature": signature, "slot": slot, "now": now}
        _, (found,) = self._transact(
            [Statement("paper_rule_out", tombstone)],
            [Statement("paper_transaction_at_any_time", {"signature": signature})],
            Repeat.HARMLESS,
        )
        return _entry(found[0])

    def balances(self, owner: str) -> dict[str, int]:
        """Return a wallet's base units by mint; a new wallet is funded first."""
        self.fund(owner)
        found = self._run(Statement("paper_balances", {"owner": owner}), Repeat.READ)
        return {cast(str, row["mint"]): cast(int, row["amount"]) for row in found}

    def fund(self, owner: str) -> None:
        """Give a new wallet its first funds out of the treasury; one that has them is left alone."""
        if owner in self._funded:
            return
        params = {
            "owner": owner,
            "mints": [TOKENS[symbol].mint for symbol in STARTING_BALANCES],
            "amounts": list(STARTING_BALANCES.values()),
        }
        self._run(Statement("paper_fund", params), Repeat.HARMLESS)
        self._funded.add(owner)

    def price_moves(self, since: int = 0) -> list[PriceMove]:
        """Return the stored moves of the market's tape from a slot on. Raises ``ClusterUnavailable``."""
        found = self._run(Statement("paper_moves", {"since": since}), Repeat.READ)
        return [_price_move(row) for row in found]

    def add_price_moves(self, moves: Sequence[PriceMove]) -> None:
        """Store moves, each under its id once: what is stored already keeps its slot.

        How far ahead a move has to lie is for the caller to know. Raises ``ClusterUnavailable``,
        ``SendUnknown``.
        """
        params = {
            "ids": [move.move_id for move in moves],
            "slots": [move.slot for move in moves],
            "tokens": [move.token for move in moves],
            "numerators": [move.factor.numerator for move in moves],
            "denominators": [move.factor.denominator for move in moves],
        }
        self._run(Statement("paper_add_moves", params), Repeat.HARMLESS)

    def _run(self, statement: Statement, repeat: Repeat) -> list[Row]:
        if repeat is Repeat.READ:
            return self._transact([], [statement], repeat)[1][0]
        return self._transact([statement], [], repeat)[0][0]

    def _transact(
        self, writes: Sequence[Statement], reads: Sequence[Statement], repeat: Repeat
    ) -> tuple[list[list[Row]], list[list[Row]]]:
        try:
            with self._lock:
                return self._database.transact(writes, reads, repeat)
        except StoreUnavailable as exc:
            raise ClusterUnavailable("the paper cluster cannot be reached") from exc
        except CommitUnknown as exc:
            raise SendUnknown("the paper cluster did not answer") from exc


def _entry(row: Row) -> Entry:
    fill, error = cast("str | None", row["fill"]), cast("str | None", row["error"])
    return Entry(cast(int, row["slot"]), fill, error)


def _price_move(row: Row) -> PriceMove:
    factor = Fraction(cast(int, row["numerator"]), cast(int, row["denominator"]))
    return PriceMove(cast(int, row["slot"]), cast(str, row["token"]), factor, cast(str, row["id"]))


def _posting(posting: Posting) -> dict[str, object]:
    return {
        "signature": posting.signature,
        "owner": posting.owner,
        "order_id": posting.order_id,
        "slot": posting.slot,
        "lands_at": posting.lands_at,
    }
