// The events of all orders of a client, from now on.

import { ClientClosed } from "./errors.js";
import type { Feed } from "./feed.js";
import type { Order, OrderEvent } from "./models.js";
import { Queue } from "./queue.js";

/** How many orders are remembered as told, besides those that are under way. */
const REMEMBERED = 10_000;

/** Lists the client's orders, newest first, however long that takes. */
export type ListOrders = () => AsyncIterable<Order>;

/**
 * All events of the client's orders: each once, in order within its order, those of orders that were under way
 * already from their first one on. After an outage nothing is missing of the orders that it has told of, or that
 * began meanwhile; of older ones, what they did while the connection was away is in `orders` alone.
 *
 * Iterate it once. `close`, and leaving the loop, ends it.
 */
export class EventStream implements AsyncIterable<OrderEvent> {
  readonly #feed: Feed;
  readonly #orders: ListOrders;
  readonly #queue = new Queue<OrderEvent>();
  readonly #told = new Set<string>();
  /** The newest order that need not be looked for. */
  #newest: Order | undefined;

  private constructor(feed: Feed, orders: ListOrders) {
    this.#feed = feed;
    this.#orders = orders;
    feed.onOrder = (orderId) => this.#meet(orderId) && feed.follow(orderId, this.#queue);
    feed.onReopened = () => void this.#catchUp().catch((error) => this.#queue.fail(error));
  }

  /** @internal */
  static async open(feed: Feed, orders: ListOrders, signal?: AbortSignal): Promise<EventStream> {
    const stream = new EventStream(feed, orders);
    const abort = () => void feed.close(signal?.reason);
    signal?.addEventListener("abort", abort, { once: true });
    feed.onEnd = (error) => {
      signal?.removeEventListener("abort", abort);
      stream.#queue.fail(error);
    };
    try {
      await feed.ready();
      // Later than the connection: what is placed in between comes by itself.
      for await (const order of orders()) {
        stream.#newest = order;
        break;
      }
    } catch (error) {
      await feed.close(error);
      throw error;
    }
    return stream;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<OrderEvent, void> {
    try {
      for (;;) {
        const event = await this.#queue.next();
        if (event === undefined) return;
        yield event;
      }
    } finally {
      await this.close();
    }
  }

  /** Ends the stream: a loop over it ends without an error. */
  async close(): Promise<void> {
    this.#queue.end();
    await this.#feed.close(new ClientClosed());
  }

  /** Returns whether this is the first that is heard of an order. */
  #meet(orderId: string): boolean {
    if (this.#told.has(orderId)) return false;
    this.#told.add(orderId);
    if (this.#told.size > REMEMBERED) {
      for (const told of this.#told) {
        if (!this.#feed.isWatched(told) && this.#told.delete(told)) break;
      }
    }
    return true;
  }

  /** Looks for orders that were placed while the connection was away. */
  async #catchUp(): Promise<void> {
    const known = this.#newest;
    let newest: Order | undefined;
    for await (const order of this.#orders()) {
      if (known && (order.orderId === known.orderId || order.createdAt < known.createdAt)) break;
      newest ??= order;
      if (this.#meet(order.orderId)) this.#feed.watch(order.orderId, 0, this.#queue);
    }
    this.#newest = newest ?? known;
  }
}
