"""Creates, rotates and revokes API keys; only their hashes are stored."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from dexec.adapters.postgres.operators import PostgresOperators
from dexec.domain.amounts import parse_amount
from dexec.domain.errors import Invalid, NotFound
from dexec.domain.tokens import find_token
from dexec.domain.withdrawals import BY_REVOCATION
from dexec.ports import ApiKey, Clock, Standing
from dexec.usecases.authenticate import hash_key
from dexec.usecases.halt import Halted

if TYPE_CHECKING:
    from infra.operators.access import Access

_NAME = re.compile(r"[\w.@-]{1,100}", re.ASCII)


def create(operators: PostgresOperators, clock: Clock, limits: ApiKey) -> str:
    """Make the first key of a client, with the limits given, and return it.

    Raises ``Invalid`` when the client has a valid key already.
    """
    name = limits.client_id
    if any(key.revoked_at is None for key in operators.api_keys(name)):
        raise Invalid(f"{name} has a key; to have another in its place: dexec keys rotate {name}")
    return _replace(operators, clock, limits)


def rotate(operators: PostgresOperators, clock: Clock, name: str) -> str:
    """Put a new key with the same limits in the place of a client's keys, and return it.

    Raises ``NotFound`` when there is none.
    """
    valid = [key for key in operators.api_keys(name) if key.revoked_at is None]
    if not valid:
        raise NotFound(f"{name} has no valid key; dexec keys create {name} makes one")
    return _replace(operators, clock, valid[-1])


class Revoked(NamedTuple):
    """How many keys were revoked, what the halt met, what was cancelled, and what is left of the orders."""

    keys: int
    halted: Halted
    cancelled: Sequence[str]
    standing: Standing


def revoke(access: Access, name: str, cancels: Callable[[Standing], bool]) -> Revoked:
    """Revoke a client's keys and stop its orders; ``cancels`` says, from what waits, whether they end.

    Raises ``NotFound`` when there is neither a valid key nor an order that waits.
    """
    revoked = access.parts.operators.revoke_keys(name, access.parts.clock.now())
    # Also where there was none: a revocation that was interrupted goes on here, and so does a later cancel.
    halted = access.parts.halt.client(name)
    standing = access.parts.control.standing(name)
    if not revoked and not standing.waiting:
        raise no_key(name)
    cancelled = access.parts.cancel_orders.of_client(name, BY_REVOCATION) if cancels(standing) else ()
    return Revoked(revoked, halted, cancelled, access.parts.control.standing(name))


def no_key(name: str) -> NotFound:
    """Return the error that says that a client has no valid key."""
    return NotFound(f"{name} has no valid key; dexec keys list shows who has")


def check_name(name: str) -> str:
    """Return a client's name as it is. Raises ``Invalid``."""
    if not _NAME.fullmatch(name):
        raise Invalid("a client's name is 1 to 100 letters, digits, dots, hyphens, underscores or @")
    return name


def parse_max_amounts(given: Iterable[str]) -> dict[str, int]:
    """Read ``SYMBOL=AMOUNT``, amounts in whole tokens, into base units by symbol. Raises ``Invalid``."""
    amounts: dict[str, int] = {}
    for text in given:
        symbol, equals, amount = text.partition("=")
        if not equals:
            raise Invalid(f"a bound is SYMBOL=AMOUNT, as in SOL=100, not {text!r}")
        token = find_token(symbol, "--max-amount")
        amounts[token.symbol] = parse_amount(amount, token.decimals, "--max-amount")
    return amounts


def _replace(operators: PostgresOperators, clock: Clock, limits: ApiKey) -> str:
    api_key = f"dexec_{secrets.token_urlsafe(24)}"
    now = clock.now()
    key = ApiKey(hash_key(api_key), limits.client_id, limits.orders_per_minute, limits.max_amounts, now)
    operators.replace_keys(key, now)
    return api_key
