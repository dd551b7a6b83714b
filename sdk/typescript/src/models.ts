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

/** A swap that is executed at once. Amounts are decimal strings in whole tokens. */
export interface MarketOrder {
  readonly orderType?: "market" | undefined;
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
  /** Your own name of the order, up to 100 characters. */
  readonly clientOrderId?: string | undefined;
  /** Made anew unless given: orders with the same key are one order. */
  readonly idempotencyKey?: string | undefined;
}

/** What `execute` takes; other types of order are to join it, told apart by `orderType`. */
export type OrderRequest = MarketOrder;

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

/** Statuses after which an order changes no more, those of types of order to come included. */
const TERMINAL: ReadonlySet<string> = new Set(["confirmed", "failed", "cancelled", "expired"]);

/** Whether a status is an order's last. */
export function isTerminal(status: string): boolean {
  return TERMINAL.has(status);
}
