// The handle of one order: watch it, wait for its end, read it.

import { NotDone, NoWebSocket } from "./errors.js";
import type { CallOptions } from "./http.js";
import { isTerminal, type OrderEvent, type OrderWithEvents, type Status } from "./models.js";
import { Queue } from "./queue.js";
import { anySignal, isBusy, sleep } from "./retry.js";

/** Options of `events`. */
export interface EventsOptions extends CallOptions {
  /** The seq of the last event that is known already; 0, from the first event on, unless given. */
  readonly afterSeq?: number | undefined;
}

/** Options of `done`. */
export interface DoneOptions extends CallOptions {
  /** How long to wait; without end unless given. */
  readonly timeoutMs?: number | undefined;
}

/** Where a handle gets what it tells. */
export interface OrderSource {
  /** How often an order is read where it cannot be watched. */
  readonly pollMs: number;
  order(orderId: string, options?: CallOptions): Promise<OrderWithEvents>;
  /** Puts the order's events after `afterSeq` into `queue`. Returns what ends that. */
  watch(orderId: string, afterSeq: number, queue: Queue<OrderEvent>): () => void;
}

/** What is known of an order when its handle is made. */
export interface Known {
  readonly status: Status;
  /** Of the event that the status is from; 0 where that is not known. */
  readonly seq: number;
  readonly startsAt: string | null;
  readonly clientOrderId?: string | undefined;
  readonly idempotencyKey?: string;
}

/** An order that was accepted. */
export class OrderHandle {
  readonly id: string;
  /** When its turn comes under the rate limit (UTC, ISO 8601); null for an order that waits for a price. */
  readonly startsAt: string | null;
  /** Your own name of the order. */
  readonly clientOrderId: string | undefined;
  /** The key that `execute` placed it under. */
  readonly idempotencyKey: string | undefined;
  readonly #source: OrderSource;
  #status: Status;
  #seq: number;

  /** @internal */
  constructor(source: OrderSource, id: string, known: Known) {
    this.#source = source;
    this.id = id;
    this.startsAt = known.startsAt;
    this.clientOrderId = known.clientOrderId;
    this.idempotencyKey = known.idempotencyKey;
    this.#status = known.status;
    this.#seq = known.seq;
  }

  /** The newest status that this handle has seen. */
  get status(): Status {
    return this.#status;
  }

  /** Returns the order as it stands. */
  async refresh(options: CallOptions = {}): Promise<OrderWithEvents> {
    const order = await this.#source.order(this.id, options);
    this.#saw(order);
    return order;
  }

  /**
   * Yields the order's events after `afterSeq`, each once, in order of seq, until its last one.
   *
   * It reconnects when the connection drops. Throws `NoWebSocket` where there can be none, `ClientClosed`, and
   * the signal's reason.
   */
  async *events({ afterSeq = 0, signal }: EventsOptions = {}): AsyncGenerator<OrderEvent, void> {
    // After its last event there would be none to wait for.
    if (afterSeq > 0 && (await this.#isOverAt(afterSeq, signal))) return;
    signal?.throwIfAborted();
    const queue = new Queue<OrderEvent>();
    const stop = this.#source.watch(this.id, afterSeq, queue);
    const abort = () => queue.fail(signal?.reason);
    signal?.addEventListener("abort", abort, { once: true });
    try {
      for (let event; (event = await queue.next()) !== undefined; ) {
        this.#saw(event);
        yield event;
        if (isTerminal(event.status)) return;
      }
    } finally {
      signal?.removeEventListener("abort", abort);
      stop();
    }
  }

  /**
   * Waits for the order's end and returns it: `confirmed`, `failed`, `cancelled` or `expired`, which is no
   * error by itself (see `throwIfFailed`); an order that waits for its price may take weeks. Where no WebSocket can be opened, the order is read each second.
   *
   * Throws `NotDone` when that takes longer than `timeoutMs`; the order goes on.
   */
  async done({ timeoutMs, signal }: DoneOptions = {}): Promise<OrderWithEvents> {
    const late = new AbortController();
    const error = new NotDone(`${this.id} has not ended within ${timeoutMs} ms; it goes on`, this.id);
    const timer = timeoutMs === undefined ? undefined : setTimeout(() => late.abort(error), timeoutMs);
    try {
      return await this.#end(anySignal(signal, late.signal));
    } finally {
      clearTimeout(timer);
    }
  }

  async #end(signal: AbortSignal): Promise<OrderWithEvents> {
    try {
      if (!isTerminal(this.#status)) for await (const _ of this.events({ signal }));
    } catch (error) {
      if (!(error instanceof NoWebSocket)) throw error;
    }
    for (;;) {
      try {
        const order = await this.refresh({ signal });
        if (isTerminal(order.status)) return order;
      } catch (error) {
        if (!isBusy(error)) throw error;
      }
      await sleep(this.#source.pollMs, signal);
    }
  }

  async #isOverAt(seq: number, signal: AbortSignal | undefined): Promise<boolean> {
    const order = await this.refresh({ signal });
    return isTerminal(order.status) && order.seq <= seq;
  }

  #saw({ seq, status }: { readonly seq: number; readonly status: Status }): void {
    if (seq < this.#seq) return;
    this.#seq = seq;
    this.#status = status;
  }
}
