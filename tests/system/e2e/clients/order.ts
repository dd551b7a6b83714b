// Place an order in each spelling and wait for its end with a client generated from the OpenAPI document.
import createClient from "openapi-fetch";
import type { components, paths } from "./api";

type Schemas = components["schemas"];
type Order = Schemas["OrderWithEvents"];

const [httpUrl, apiKey] = process.argv.slice(2) as [string, string];
const client = createClient<paths>({ baseUrl: httpUrl, headers: { "x-api-key": apiKey } });

const SPELLINGS: Schemas["OrderBody"][] = [
  { tokenIn: "SOL", tokenOut: "USDC", amount: "0.25", clientOrderId: "one" },
  { inputToken: "SOL", outputToken: "USDC", amount: "0.25", clientOrderId: "two" },
  { side: "buy", baseAsset: "SOL", quoteAsset: "USDC", amount: "0.25", clientOrderId: "three" },
];

// Each type has its own fields: with one of them missing, or one of another type, this would not compile.
const SELL = { side: "sell", baseAsset: "SOL", quoteAsset: "USDC", amount: "0.25" } as const;
const WAITING: Schemas["OrderBody"][] = [
  { ...SELL, orderType: "limit", limitPrice: "100000", timeInForce: "gtc" },
  { ...SELL, orderType: "stop", triggerPrice: "0.01", confirmTicks: 3 },
  { ...SELL, orderType: "trailingStop", trailingBps: 9000 },
  { ...SELL, orderType: "oco", takeProfit: { limitPrice: 100000 }, stopLoss: { triggerPrice: "0.01" } },
];

async function waiting(body: Schemas["OrderBody"]): Promise<string[]> {
  const { data, error } = await client.POST("/api/orders/execute", { body });
  if (error !== undefined) throw new Error(error.detail);
  const params = { path: { order_id: data.orderId } };
  const order = await client.GET("/api/orders/{order_id}", { params });
  const cancelled = await client.DELETE("/api/orders/{order_id}", { params });
  if (cancelled.error !== undefined) throw new Error(cancelled.error.detail);
  return [data.status, ...(order.data?.events ?? []).map(said)];
}

async function placed(body: Schemas["OrderBody"]): Promise<Order> {
  const { data, error } = await client.POST("/api/orders/execute", {
    params: { header: { "idempotency-key": crypto.randomUUID() } },
    body,
  });
  if (error !== undefined) throw new Error(error.detail);
  return ended(data.orderId);
}

async function ended(orderId: string): Promise<Order> {
  for (;;) {
    const { data, error } = await client.GET("/api/orders/{order_id}", {
      params: { path: { order_id: orderId } },
    });
    if (error !== undefined) throw new Error(error.detail);
    if (["confirmed", "failed", "cancelled", "expired"].includes(data.status)) return data;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

// The compiler knows which details an event has by its status, and that no status is missing here.
function said(event: Schemas["OrderEvent"]): string {
  switch (event.status) {
    case "pending":
      return `${event.amount} of ${event.clientOrderId ?? "no name"}`;
    case "routing":
      return event.step ?? "asking";
    case "building":
      return "building";
    case "submitted":
      return `signature of ${event.signature.length > 80}`;
    case "confirmed":
      return `filled ${event.fill.amountIn !== "0"}`;
    case "failed":
    case "expired":
      return event.error.code;
    case "cancelled":
      return `${event.by}: ${event.error.code}`;
    case "held":
      return event.step ?? `${event.orderType}`;
    case "open":
      return event.error?.code ?? event.step ?? `${event.orderType} ${event.priceUnit}`;
    case "triggered":
      return `${event.by} ${event.price ?? ""}`;
    default: {
      const none: never = event;
      return none;
    }
  }
}

// And which codes there are: with one of them missing here, this would not compile.
const RETRIED: Record<Schemas["ErrorCode"], boolean> = {
  malformed: false,
  invalid: false,
  body_too_large: false,
  unauthenticated: false,
  not_found: false,
  method_not_allowed: false,
  idempotency_conflict: false,
  would_trigger: false,
  exits_cross: false,
  stale_seq: false,
  not_waiting: false,
  too_late_to_cancel: false,
  risk_refused: false,
  halted: false,
  too_many_orders: true,
  too_many_reads: true,
  too_many_connections: true,
  too_many_webhooks: true,
  overloaded: true,
  connection_unknown: true,
  unavailable: true,
  not_ready: true,
  no_price: true,
  outcome_unknown: true,
  internal: false,
  no_venue: true,
  slippage_exceeded: false,
  blockhash_expired: false,
  insufficient_funds: false,
  insufficient_liquidity: false,
  deadline_passed: false,
  pool_disabled: false,
  cancelled: false,
  key_revoked: false,
  order_failed: false,
};

async function main(): Promise<void> {
  const orders = await Promise.all(SPELLINGS.map(placed));
  const open = await Promise.all(WAITING.map(waiting));
  const refused = await client.POST("/api/orders/execute", {
    body: { tokenIn: "DOGE", tokenOut: "USDC", amount: 1 },
  });
  console.log(
    JSON.stringify({
      orders: orders.map((order) => ({
        status: order.status,
        mode: order.mode,
        seqs: order.events.map((event) => event.seq),
        said: order.events.map(said),
        amountOut: order.amountOut,
      })),
      open,
      refused: refused.error?.errors?.[0]?.field,
      retried: refused.error && RETRIED[refused.error.code],
    }),
  );
}

void main();
