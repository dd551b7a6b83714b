"""Bind an order to the price that was shown, and say in plain words why it could not be had."""

import sys

from dexec_client import Client, DexecError, Invalid, OrderFailed, RateLimited

with Client() as client:
    quote = client.quote(token_in="SOL", token_out="USDC", amount="2", slippage_bps=30)
    least = quote.route.min_amount_out
    print(f"{quote.route.reason} At least {least} USDC.")
    try:
        order = client.execute(
            token_in="SOL", token_out="USDC", amount="2", min_amount_out=least, deadline=60
        )
        done = order.done(timeout=60).raise_for_failure()
    except Invalid as error:
        sys.exit(f"the order is not valid: {error.fields}")
    except RateLimited as error:
        sys.exit(f"too many orders wait; room in {error.retry_after:.0f} s")
    except OrderFailed as error:
        sys.exit(f"nothing was traded: {error.code}")
    except DexecError as error:
        again = f"; repeat it with the key {error.idempotency_key}" if error.is_unknown else ""
        sys.exit(f"{error}{again}")
    print(f"got {done.amount_out} USDC in transaction {done.signature}")
