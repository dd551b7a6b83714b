// Client of a dexec deployment: places swap orders once, and watches them without a gap.

export { Client, type ClientOptions, type OrdersOptions } from "./client.js";
export type { Timing } from "./connection.js";
export {
  ApiError,
  BadAddress,
  BadRequest,
  ClientClosed,
  Conflict,
  ConnectionLost,
  DexecError,
  Invalid,
  NotDone,
  NotFound,
  NoWebSocket,
  OrderFailed,
  RateLimited,
  ServerError,
  throwIfFailed,
  Unauthorized,
  Unavailable,
} from "./errors.js";
export type { CallOptions, Fetch } from "./http.js";
export {
  type AmendRequest,
  type Balance,
  type CancelRequest,
  type Config,
  type Exits,
  type FieldError,
  type Fill,
  isTerminal,
  type Leg,
  type LimitOrder,
  type MarketOrder,
  type Mode,
  type OcoOrder,
  type Order,
  type OrderError,
  type OrderEvent,
  type OrderRequest,
  type OrdersCancelled,
  type OrderWithEvents,
  type Problem,
  type QuoteRequest,
  type Quotes,
  type Risk,
  type Route,
  type Status,
  type StopAt,
  type StopOrder,
  type TakeProfit,
  type Token,
  type Trail,
  type TrailingStopOrder,
  type VenueQuote,
} from "./models.js";
export type { DoneOptions, EventsOptions, OrderHandle } from "./orders.js";
export type { OnRetry, RetryPolicy } from "./retry.js";
export type { WebSocketConstructor, WebSocketLike } from "./socket.js";
export type { EventStream } from "./stream.js";
