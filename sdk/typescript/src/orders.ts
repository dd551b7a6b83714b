// The handle of one order: watch it, wait for its end, read it.

import { NotDone } from "./errors.js";
import type { CallOptions } from "./http.js";
import { isTerminal, type OrderEvent, type OrderWithEvents, type Status } from "./models.js";
import { Queue } from "./queue.js";
import { anySignal } from "./retry.js";

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
  order(orderId: string, options?: CallOptions): Promise<OrderWithEvents>;
  /** Puts the order's events after `afterSeq` into `queue`. Returns what ends that. */
  watch(orderId: string, afterSeq: number, queue: Queue<OrderEvent>): () => void;
}

/** What is known of an order when its handle is made. */
export interface Known {
  readonly status?: Status;
  readonly startsAt?: string | null;
  readonly clientOrderId?: string | undefined;
  readonly idempotencyKey?: string;
}

/** An order that was accepted. */
export class OrderHandle {
  readonly id: string;
  /** When its turn comes under the rate limit (UTC, ISO 8601); null where that is not known. */
  readonly startsAt: string | null;
  /** Your own name of the order, where it was given to `execute`. */
  readonly clientOrderId: string | undefined;
  /** The key that `execute` placed it under. */
  readonly idempotencyKey: string | undefined;
  readonly #source: OrderSource;
  #status: Status | undefined;

  /** @internal */
  constructor(source: OrderSource, id: string, known: Known = {}) {
    this.#source = source;
    this.id = id;
    this.startsAt = known.startsAt ?? null;
    this.clientOrderId = known.clientOrderId;
    this.idempotencyKey = known.idempotencyKey;
    this.#status = known.status;
  }

  /** The newest status that this handle has seen; undefined before it has seen one. */
  get status(): Status | undefined {
    return this.#status;
  }

  /** Returns the order as it stands. */
  async read(options: CallOptions = {}): Promise<OrderWithEvents> {
    const order = await this.#source.order(this.id, options);
    this.#status = order.status;
    return order;
  }

  /**
   * Yields the order's events after `afterSeq`, each once, in order of seq, until its last one.
   *
   * It reconnects when the connection drops. Throws `NotFound` for an order that is not the client's,
   * `ClientClosed`, and the signal's reason.
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
        this.#status = event.status;
        yield event;
        if (isTerminal(event.status)) return;
      }
    } finally {
      signal?.removeEventListener("abort", abort);
      stop();
    }
  }

  /**
   * Waits for the order's end and returns it: `confirmed` or `failed`, which is no error by itself (see
   * `throwIfFailed`).
   *
   * Throws `NotDone` when that takes longer than `timeoutMs`; the order goes on.
   */
  async done({ timeoutMs, signal }: DoneOptions = {}): Promise<OrderWithEvents> {
    const late = new AbortController();
    const error = new NotDone(`${this.id} has not ended within ${timeoutMs} ms; it goes on`, this.id);
    const timer = timeoutMs === undefined ? undefined : setTimeout(() => late.abort(error), timeoutMs);
    const until = anySignal(signal, late.signal);
    try {
      if (this.#status === undefined || !isTerminal(this.#status)) {
        for await (const _ of this.events({ signal: until }));
      }
      return await this.read({ signal: until });
    } finally {
      clearTimeout(timer);
    }
  }

  async #isOverAt(seq: number, signal: AbortSignal | undefined): Promise<boolean> {
    const order = await this.read({ signal });
    return isTerminal(order.status) && order.seq <= seq;
  }
}
