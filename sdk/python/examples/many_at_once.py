"""Place five orders at the same moment, and follow all of them over one connection."""

import asyncio

from dexec_client import AsyncClient


async def main() -> None:
    async with AsyncClient(on_retry=print) as client:
        orders = await asyncio.gather(
            *(
                client.execute(
                    token_in="SOL", token_out="USDC", amount=amount, client_order_id=f"part {amount}"
                )
                for amount in range(1, 6)
            )
        )
        for order in await asyncio.gather(*(order.done(timeout=120) for order in orders)):
            print(order.client_order_id, order.status, order.amount_out)
        print("the newest three:", [order.order_id async for order in client.orders(limit=3)])


asyncio.run(main())
