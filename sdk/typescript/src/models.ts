// What is sent and received: generated types by their names here, and the requests, which are written by hand.

import type { components } from "./generated.js";

type Schemas = components["schemas"];

export type Order = Schemas["Order"];
export type OrderWithEvents = Schemas["OrderWithEvents"];
export type OrderPage = Schemas["OrderPage"];
export type OrderAccepted = Schemas["OrderAccepted"];
export type OrdersCancelled = Schemas["OrdersCancelled"];
export type OrderError = Schemas["OrderError"];
export type Fill = Schemas["Fill"];
export type Route = Schemas["Route"];
export type Leg = Schemas["Leg"];
export type VenueQuote = Schemas["Quote"];
export type Quotes = Schemas["Quotes"];
export type Risk = Schemas["Risk"];
export type Balance = Schemas["Balance"];
export type Token = Schemas["Token"];
export type Config = Schemas["Config"];
export type Status = Schemas["Status"];
export type Mode = Schemas["Mode"];
export type Problem = Schemas["Problem"];
export type FieldError = Schemas["FieldError"];

export type StatusFrame = Schemas["StatusFrame"];
export type AckFrame = Schemas["AckFrame"];
export type PongFrame = Schemas["PongFrame"];
export type ErrorFrame = Schemas["ErrorFrame"];

/** One step of one order; which details it has depends on its status and step. */
export type OrderEvent = Schemas["OrderEvent"] & { readonly orderId: string };

/** What every order has. Amounts and prices are decimal strings; a price is tokenOut per tokenIn. */
export interface Swap {
  /** The token that is sold: its symbol or mint. */
  readonly tokenIn: string;
  /** The token that is bought. */
  readonly tokenOut: string;
  /** Of tokenIn, or of tokenOut with the mode `exactOut`. */
  readonly amount: string;
  readonly mode?: Mode | undefined;
  /** Tolerance in hundredths of a percent, from the quote at signing. */
  readonly slippageBps?: number | undefined;
  /** `exactIn`: the least tokenOut to receive. The transaction itself holds it. */
  readonly minAmountOut?: string | undefined;
  /** `exactOut`: the most tokenIn to pay. The transaction itself holds it. */
  readonly maxAmountIn?: string | undefined;
  /** Seconds from acceptance after which nothing is signed any more. */
  readonly deadline?: number | undefined;
  /** A time in ISO 8601 from which on nothing is signed, instead of `deadline`. */
  readonly expiresAt?: string | undefined;
  /** Your own name of the order, up to 100 characters. */
  readonly clientOrderId?: string | undefined;
  /** Made anew unless given: orders with the same key are one order. */
  readonly idempotencyKey?: string | undefined;
}

/** Where a profit is taken. */
export interface TakeProfit {
  readonly limitPrice: string;
}

/** How a stop is watched. */
export interface Stopping {
  /** What it looks at: what a small amount gets (`reference`, the default), or the middle of the market. */
  readonly triggerPriceType?: "reference" | "mid" | undefined;
  /** Ticks in a row that have to be at its price or worse: 1 to 10, 2 unless given. */
  readonly confirmTicks?: number | undefined;
  /** Once it is due, trade at this price or better. */
  readonly limitPrice?: string | undefined;
}

/** A stop at a price. */
export interface StopAt extends Stopping {
  readonly triggerPrice: string;
}

/** A stop that follows the best price. */
export interface Trail extends Stopping {
  /** How far below it: 200 is 2 %. */
  readonly trailingBps: number;
  /** From which price on it follows. */
  readonly activationPrice?: string | undefined;
}

/** Exits of what an order gets: one order of the reversed pair, whose prices are of that pair. */
export interface Exits {
  readonly takeProfit?: TakeProfit | undefined;
  readonly stopLoss?: StopAt | Trail | undefined;
}

/** `ioc`: one attempt once the order is due; `gtc`, the default: until it fills, is cancelled or expires. */
export interface InForce {
  readonly timeInForce?: "gtc" | "ioc" | undefined;
}

/** A swap that is executed at once. */
export interface MarketOrder extends Swap, Exits {
  readonly orderType?: "market" | undefined;
}

/** Waits until the whole amount trades at its price or better. */
export interface LimitOrder extends Swap, Exits, InForce {
  readonly orderType: "limit";
  readonly limitPrice: string;
}

/** Waits until the market is at its price or worse. */
export interface StopOrder extends Swap, Exits, InForce, StopAt {
  readonly orderType: "stop";
}

/** Waits until the market has fallen from its best price. */
export interface TrailingStopOrder extends Swap, Exits, InForce, Trail {
  readonly orderType: "trailingStop";
}

/** Waits for whichever comes first. */
export interface OcoOrder extends Swap {
  readonly orderType: "oco";
  readonly takeProfit: TakeProfit;
  readonly stopLoss: StopAt | Trail;
}

/** What `execute` takes, told apart by `orderType`. */
export type OrderRequest = MarketOrder | LimitOrder | StopOrder | TrailingStopOrder | OcoOrder;

/** What `amend` takes: prices in the order's own `priceUnit`; null drops what can be missing. */
export interface AmendRequest {
  /** The order's as you know it: if it has changed since, nothing is amended. */
  readonly seq: number;
  readonly amount?: string | undefined;
  readonly limitPrice?: string | null | undefined;
  readonly triggerPrice?: string | undefined;
  readonly triggerPriceType?: "reference" | "mid" | undefined;
  readonly confirmTicks?: number | undefined;
  readonly trailingBps?: number | undefined;
  readonly activationPrice?: string | null | undefined;
  readonly minAmountOut?: string | null | undefined;
  readonly maxAmountIn?: string | null | undefined;
  /** UTC, ISO 8601. */
  readonly expiresAt?: string | null | undefined;
  /** Of an oco; null leaves a plain stop. */
  readonly takeProfit?: { readonly limitPrice: string } | null | undefined;
  /** Of an oco; null leaves a plain limit. */
  readonly stopLoss?: Omit<AmendRequest, "seq" | "amount" | "expiresAt" | "takeProfit" | "stopLoss"> | null | undefined;
}

/** What `cancelAll` takes: one direction of a pair, or nothing for all orders. */
export interface CancelRequest {
  readonly tokenIn: string;
  readonly tokenOut: string;
}

/** What `quote` takes. */
export interface QuoteRequest {
  readonly tokenIn: string;
  readonly tokenOut: string;
  readonly amount: string;
  readonly mode?: Mode | undefined;
  readonly slippageBps?: number | undefined;
}

/** The field of a body in which the API takes the client's own name of an order. */
export const CLIENT_ORDER_ID = "clientOrderId";

/** Returns an order as the API takes it. */
export function orderBody({ idempotencyKey: _, clientOrderId, ...order }: OrderRequest): object {
  return { ...order, [CLIENT_ORDER_ID]: clientOrderId };
}

/** Returns the client's own name of an order, where it has one. */
export function clientOrderIdOf(order: Order): string | undefined {
  return order.clientOrderId ?? undefined;
}

/** Statuses after which an order changes no more. */
const TERMINAL: ReadonlySet<string> = new Set(["confirmed", "failed", "cancelled", "expired"]);

/** Whether a status is an order's last. */
export function isTerminal(status: string): boolean {
  return TERMINAL.has(status);
}
