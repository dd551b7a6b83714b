// Follow all orders of a client, then read the history.
import { Client, isTerminal } from "@dexec/client";

const [url, apiKey] = process.argv.slice(2) as [string, string];
const client = new Client({ url, apiKey });

const stream = await client.stream();
const placed = await Promise.all(
  ["0.1", "0.2", "0.3"].map((amount) => client.execute({ tokenIn: "SOL", tokenOut: "USDC", amount })),
);
const open = new Set(placed.map((order) => order.id));
for await (const { orderId, seq, status } of stream) {
  console.log(orderId, seq, status);
  if (isTerminal(status)) open.delete(orderId);
  if (open.size === 0) break;
}

for await (const order of client.orders({ status: "confirmed" })) console.log(order.orderId, order.fill?.price);
await client.close();
