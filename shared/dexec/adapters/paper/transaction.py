"""The bytes of a paper transaction: a legacy Solana transaction with one instruction, through ``solders``."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from solders.hash import Hash
from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from solders.message import Message
from solders.pubkey import Pubkey
from solders.transaction import Transaction

from dexec.adapters.paper.randomness import digest
from dexec.domain.errors import OrderFailed
from dexec.domain.order import SignedTransaction
from dexec.domain.quote import SwapPlan
from dexec.ports import Blockhash

_PROGRAM = Pubkey.from_bytes(digest("dexec paper swap program"))
_SLOT_BYTES = 8


@dataclass(frozen=True, slots=True)
class Swap:
    """What the bytes of a transaction say."""

    signature: str
    blockhash_slot: int
    order_id: str
    client_id: str
    plan: SwapPlan


class Wallet(NamedTuple):
    """A client's paper wallet: its key, and the address that is derived from it."""

    key: Keypair
    address: Pubkey


@lru_cache(maxsize=256)
def wallet(seed: int, client_id: str) -> Wallet:
    """Return a client's paper wallet, which follows from the market's seed."""
    key = Keypair.from_seed(digest("paper wallet", seed, client_id))
    return Wallet(key, key.pubkey())


def blockhash(seed: int, slot: int) -> str:
    """Return a slot's blockhash in base58; it starts with the slot, so that its age is known."""
    return str(Hash(_blockhash_bytes(seed, slot)))


def encode(seed: int, order_id: str, client_id: str, plan: SwapPlan, recent: Blockhash) -> SignedTransaction:
    """Return the signed transaction that swaps along ``plan`` out of the client's wallet."""
    payer = wallet(seed, client_id)
    data = json.dumps([order_id, client_id, plan.to_json()], separators=(",", ":")).encode()
    account = AccountMeta(payer.address, is_signer=True, is_writable=True)
    message = Message.new_with_blockhash(
        [Instruction(_PROGRAM, data, [account])], payer.address, Hash.from_string(recent.value)
    )
    # Transaction(…) makes the same bytes in twice the time.
    transaction = Transaction.populate(message, [payer.key.sign_message(bytes(message))])
    return SignedTransaction(
        str(transaction.signatures[0]), bytes(transaction), recent.last_valid_block_height
    )


def decode(data: bytes, seed: int) -> Swap:
    """Read a transaction and verify its signature, its signer and that its blockhash is of this chain.

    Raises ``OrderFailed``: bytes that are wrong stay wrong.
    """
    try:
        transaction = Transaction.from_bytes(data)
        transaction.verify()
        (instruction,) = transaction.message.instructions
        order_id, client_id, plan = json.loads(bytes(instruction.data))
        swap_plan = SwapPlan.from_json(plan)
    except Exception as exc:
        # solders raises types of its own for each thing that can be wrong with the bytes.
        raise OrderFailed("the cluster refused the transaction: it cannot be read or verified") from exc
    recent = bytes(transaction.message.recent_blockhash)
    slot = int.from_bytes(recent[:_SLOT_BYTES])
    is_ours = recent == _blockhash_bytes(seed, slot)
    if not is_ours or transaction.message.account_keys[0] != wallet(seed, client_id).address:
        raise OrderFailed("the cluster refused the transaction: it is not signed for this wallet and chain")
    return Swap(str(transaction.signatures[0]), slot, order_id, client_id, swap_plan)


def _blockhash_bytes(seed: int, slot: int) -> bytes:
    return slot.to_bytes(_SLOT_BYTES) + digest("paper blockhash", seed, slot)[_SLOT_BYTES:]
