// Place an order and wait for its end with a client generated from the OpenAPI document.
import createClient from "openapi-fetch";
import type { components, paths } from "./api";

type Order = components["schemas"]["OrderWithEvents"];

const [httpUrl, apiKey] = process.argv.slice(2) as [string, string];
const client = createClient<paths>({ baseUrl: httpUrl, headers: { "x-api-key": apiKey } });

async function ended(orderId: string): Promise<Order> {
  for (;;) {
    const { data, error } = await client.GET("/api/orders/{order_id}", {
      params: { path: { order_id: orderId } },
    });
    if (error !== undefined) throw new Error(error.detail);
    if (data.status === "confirmed" || data.status === "failed") return data;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function main(): Promise<void> {
  const { data: placed, error } = await client.POST("/api/orders/execute", {
    params: { header: { "idempotency-key": crypto.randomUUID() } },
    body: { tokenIn: "SOL", tokenOut: "USDC", amount: "0.25", orderType: "market" },
  });
  if (error !== undefined) throw new Error(error.detail);
  const order = await ended(placed.orderId);
  const refused = await client.POST("/api/orders/execute", {
    body: { tokenIn: "DOGE", tokenOut: "USDC", amount: 1, orderType: "market" },
  });
  console.log(
    JSON.stringify({
      status: order.status,
      seqs: order.events.map((event) => event.seq),
      amountOut: order.amountOut,
      refused: refused.error?.errors?.[0]?.field,
    }),
  );
}

void main();
