// Place an order, watch it, wait for its end.
import { Client } from "@dexec/client";

const [url, apiKey] = process.argv.slice(2) as [string, string];
const client = new Client({ url, apiKey });

const order = await client.execute({ tokenIn: "SOL", tokenOut: "USDC", amount: "1.5", slippageBps: 50 });
for await (const event of order.events()) console.log(event.seq, event.status);
const { status, amountOut } = await order.done({ timeoutMs: 30_000 });
console.log(order.id, status, amountOut);
await client.close();
