"""Place an order, watch it, and read what it got. DEXEC_URL and DEXEC_API_KEY name the deployment."""

from dexec_client import Client

with Client() as client:
    order = client.execute(token_in="SOL", token_out="USDC", amount="1.5", slippage_bps=50)
    for event in order.events():
        print(event.seq, event.status, event.step or "")
    fill = order.done().raise_for_failure().fill
    if fill:
        print(f"sold {fill.amount_in} SOL for {fill.amount_out} USDC, at {fill.price}")
