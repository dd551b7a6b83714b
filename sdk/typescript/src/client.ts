// The client of one deployment.

import { type Open, TIMING, type Timing } from "./connection.js";
import { BadAddress, ClientClosed, DexecError, NoWebSocket } from "./errors.js";
import { Feed } from "./feed.js";
import { type CallOptions, type Fetch, Http } from "./http.js";
import type {
  AmendRequest,
  Balance,
  CancelRequest,
  Config,
  Order,
  OrderAccepted,
  OrdersCancelled,
  OrderPage,
  OrderRequest,
  OrderWithEvents,
  QuoteRequest,
  Quotes,
  Risk,
  Status,
  Token,
} from "./models.js";
import { clientOrderIdOf, orderBody } from "./models.js";
import { OrderHandle, type OrderSource } from "./orders.js";
import { forever, isBusy, type OnRetry, RETRY, type Repeating, type RetryPolicy, untilAnswered } from "./retry.js";
import { Socket, type WebSocketConstructor } from "./socket.js";
import { EventStream } from "./stream.js";

/** What a client is made of; `url` and `apiKey` are enough. */
export interface ClientOptions {
  /** The HTTP address of the deployment, as `dexec status` prints it. */
  readonly url: string;
  readonly apiKey: string;
  /** How long one try of an HTTP call may take; 15 s unless given. */
  readonly timeoutMs?: number | undefined;
  /** How calls are repeated whose answer is lost. */
  readonly retry?: Partial<RetryPolicy> | undefined;
  /** Called before a call is repeated, or a connection opened again: for a log. */
  readonly onRetry?: OnRetry | undefined;
  /** For runtimes without a global WebSocket, such as Node before 22: that of the package ws. */
  readonly webSocket?: WebSocketConstructor | undefined;
  /** Used instead of the global `fetch`. */
  readonly fetch?: Fetch | undefined;
  /** Times of the WebSocket, for slow lines and tests. */
  readonly timing?: Partial<Timing> | undefined;
}

/** Options of `orders`. */
export interface OrdersOptions extends CallOptions {
  readonly status?: Status | undefined;
  /** The most orders that are wanted; all unless given. */
  readonly limit?: number | undefined;
}

/** The most that the API gives at once. */
const PAGE = 100;

/**
 * A client of one deployment. Its methods throw `DexecError`.
 *
 * Calls whose answer is lost are repeated: an order under its idempotency key, so that it is placed once. One
 * WebSocket, opened when an order is first watched, serves all handles; `close` ends it, and with it the
 * process can.
 */
export class Client {
  readonly #http: Http;
  readonly #options: ClientOptions;
  readonly #timing: Timing;
  readonly #closed = new AbortController();
  readonly #feeds = new Set<Feed>();
  readonly #source: OrderSource;
  #feed: Feed | undefined;
  #config: Promise<Config> | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: ClientOptions) {
    const { url, apiKey, timeoutMs = 15_000, fetch = (input, init) => globalThis.fetch(input, init) } = options;
    this.#options = options;
    this.#timing = { ...TIMING, ...options.timing };
    this.#http = new Http({ url, apiKey, timeoutMs, fetch, closed: this.#closed.signal });
    this.#source = {
      order: (id, call) => this.order(id, call),
      watch: (id, afterSeq, queue) => this.#ordersFeed().watch(id, afterSeq, queue),
      pollMs: this.#timing.pollMs,
    };
  }

  /**
   * Places an order, and returns as soon as it is accepted.
   *
   * A lost answer (no connection, a time-out, 502, 503, 504) is asked for again under the same idempotency
   * key. What is refused is not: `RateLimited` says in `retryAfterS` when to come back. An error carries the
   * key, so that an order whose fate is unknown (`isUnknown`) can be sent again under it.
   */
  async execute(order: OrderRequest, { signal }: CallOptions = {}): Promise<OrderHandle> {
    // A variable without its value: under a new key each time it would be another order at each try.
    if (order.idempotencyKey === "") throw new TypeError("the idempotency key is empty");
    const idempotencyKey = order.idempotencyKey ?? newKey();
    const headers = { "idempotency-key": idempotencyKey };
    const body = orderBody(order);
    const place = () => this.#http.post<OrderAccepted>("/api/orders/execute", body, headers, { signal });
    try {
      const { orderId, status, startsAt } = await untilAnswered(place, this.#repeating(signal));
      const { clientOrderId } = order;
      return new OrderHandle(this.#source, orderId, { status, seq: 0, startsAt, clientOrderId, idempotencyKey });
    } catch (error) {
      if (error instanceof DexecError) error.idempotencyKey = idempotencyKey;
      throw error;
    }
  }

  /** Returns the handle of an order that was placed before. Throws `NotFound`. */
  async handle(orderId: string, options: CallOptions = {}): Promise<OrderHandle> {
    const order = await this.order(orderId, options);
    const { status, seq, startsAt } = order;
    return new OrderHandle(this.#source, orderId, { status, seq, startsAt, clientOrderId: clientOrderIdOf(order) });
  }

  /** Returns an order with its route, fill and events. */
  order(orderId: string, options: CallOptions = {}): Promise<OrderWithEvents> {
    return this.#read(`/api/orders/${encodeURIComponent(orderId)}`, {}, options);
  }

  /**
   * Cancels an order and returns it; one that is cancelled already is returned as it is.
   *
   * Throws `Conflict` with the code `too_late_to_cancel` where its transaction is signed (the order is cancelled
   * then if that does not fill it), or the order is over.
   */
  cancel(orderId: string, options: CallOptions = {}): Promise<OrderWithEvents> {
    const path = `/api/orders/${encodeURIComponent(orderId)}`;
    return untilAnswered(() => this.#http.delete<OrderWithEvents>(path, options), this.#repeating(options.signal));
  }

  /** Cancels all orders, or those from one token to another. */
  cancelAll(pair: CancelRequest | Record<string, never> = {}, options: CallOptions = {}): Promise<OrdersCancelled> {
    const cancel = () => this.#http.post<OrdersCancelled>("/api/orders/cancel", pair, {}, options);
    return untilAnswered(cancel, this.#repeating(options.signal));
  }

  /**
   * Amends an order that waits, if it is at `seq`, and returns it: all that is given is changed, or nothing.
   *
   * It is sent once. Throws `Conflict` with the code `stale_seq` where the order has changed since, with
   * `not_waiting` where it does not wait any more.
   */
  amend(orderId: string, amendment: AmendRequest, options: CallOptions = {}): Promise<OrderWithEvents> {
    return this.#http.patch(`/api/orders/${encodeURIComponent(orderId)}`, amendment, options);
  }

  /** Yields the client's orders, newest first; pages are read as needed. */
  orders(options: OrdersOptions = {}): AsyncGenerator<Order, void> {
    return this.#pages(options, this.#repeating(options.signal));
  }

  /** Returns every venue's quote, and the route that an order would take now. */
  quote(request: QuoteRequest, options: CallOptions = {}): Promise<Quotes> {
    const { tokenIn, tokenOut, amount, mode, slippageBps } = request;
    return this.#read("/api/quotes", { tokenIn, tokenOut, amount, mode, slippageBps }, options);
  }

  /** Returns what the client's wallet holds. */
  async balances(options: CallOptions = {}): Promise<Balance[]> {
    return (await this.#read<{ balances: Balance[] }>("/api/balances", {}, options)).balances;
  }

  /** Returns what may be traded: risk limits, what of them is used today, and halts. */
  risk(options: CallOptions = {}): Promise<Risk> {
    return this.#read("/api/risk", {}, options);
  }

  /** Returns what can be swapped. */
  async tokens(options: CallOptions = {}): Promise<Token[]> {
    return (await this.#read<{ tokens: Token[] }>("/api/tokens", {}, options)).tokens;
  }

  /** Returns the public configuration of the deployment. */
  config(options: CallOptions = {}): Promise<Config> {
    return this.#read("/api/config", {}, options);
  }

  /** Opens a stream of the events of all the client's orders from now on. */
  async stream({ signal }: CallOptions = {}): Promise<EventStream> {
    signal?.throwIfAborted();
    const forGood = this.#repeating(signal);
    const repeating = { ...forGood, policy: forever(forGood.policy) };
    return EventStream.open(this.#newFeed({ stream: "all" }), () => this.#pages({ signal }, repeating), signal);
  }

  /** Ends everything that is under way, with `ClientClosed`; orders go on. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const error = new ClientClosed();
    this.#closed.abort(error);
    await Promise.all([...this.#feeds].map((feed) => feed.close(error)));
  }

  // --- HTTP ---------------------------------------------------------------------------------------------

  #read<T>(path: string, query: Record<string, string | number | undefined>, options: CallOptions): Promise<T> {
    return untilAnswered(() => this.#http.get<T>(path, query, options), this.#repeating(options.signal), isBusy);
  }

  async *#pages(options: OrdersOptions, repeating: Repeating): AsyncGenerator<Order, void> {
    const { status, limit = Number.POSITIVE_INFINITY, signal } = options;
    let cursor: string | undefined;
    let left = limit;
    while (left > 0) {
      const query = { status, limit: Math.min(PAGE, left), cursor };
      const read = () => this.#http.get<OrderPage>("/api/orders", query, { signal });
      const page: OrderPage = await untilAnswered(read, repeating, isBusy);
      yield* page.orders;
      left -= page.orders.length;
      if (page.nextCursor === null) return;
      cursor = page.nextCursor;
    }
  }

  #repeating(signal?: AbortSignal): Repeating {
    const { retry, onRetry = () => undefined } = this.#options;
    return { policy: { ...RETRY, ...retry }, onRetry, signal, closed: this.#closed.signal };
  }

  // --- WebSocket ----------------------------------------------------------------------------------------

  #ordersFeed(): Feed {
    this.#feed ??= this.#newFeed({});
    return this.#feed;
  }

  #newFeed(query: Record<string, string>): Feed {
    this.#closed.signal.throwIfAborted();
    const kind = this.#options.webSocket ?? (globalThis.WebSocket as WebSocketConstructor | undefined);
    if (kind === undefined) {
      throw new NoWebSocket("this runtime has no WebSocket: give the client that of the package ws, as webSocket");
    }
    const feed = new Feed(this.#opening(kind, query), this.#repeating(), this.#timing, () => {
      this.#feeds.delete(feed);
      if (this.#feed === feed) this.#feed = undefined;
    });
    this.#feeds.add(feed);
    return feed;
  }

  #opening(kind: WebSocketConstructor, query: Record<string, string>): Open {
    return async (listener, closing) => {
      const url = await this.#websocketUrl();
      for (const [name, value] of Object.entries({ apiKey: this.#options.apiKey, ...query })) {
        url.searchParams.set(name, value);
      }
      const socket = new Socket(url.href, kind, this.#timing.openMs, listener);
      const close = () => socket.close();
      closing.addEventListener("abort", close, { once: true });
      void socket.gone.then(() => closing.removeEventListener("abort", close));
      try {
        await socket.opened;
        return socket;
      } catch (error) {
        // Why a WebSocket is refused, browsers do not say. HTTP does.
        await this.#http.get("/api/tokens", {}, { signal: closing });
        throw error;
      }
    };
  }

  async #websocketUrl(): Promise<URL> {
    this.#config ??= this.#http.get<Config>("/api/config");
    try {
      const { websocketUrl } = await this.#config;
      if (!URL.canParse(websocketUrl)) throw new BadAddress(`${this.#options.url} has no WebSocket address`);
      return new URL(websocketUrl);
    } catch (error) {
      this.#config = undefined;
      throw error;
    }
  }
}

/** Returns an idempotency key. (`randomUUID` is missing in pages that came over plain HTTP.) */
function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
