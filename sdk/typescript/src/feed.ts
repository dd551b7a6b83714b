// Watches orders over one connection: each event once, in order, over drops and reconnects.

import { Connection, type ConnectionListener, type Open, type Timing } from "./connection.js";
import { isTerminal, type OrderEvent, type StatusFrame } from "./models.js";
import { Queue } from "./queue.js";
import { forever, isBusy, type Repeating, untilAnswered } from "./retry.js";
import { eventsOf, Sequence } from "./sequence.js";

/** One reader of one order. */
interface Watch {
  readonly orderId: string;
  readonly sequence: Sequence;
  readonly queue: Queue<OrderEvent>;
  /** The seq after which a gap was asked for last. */
  asked: number | undefined;
  isSubscribing: boolean;
  isSubscribed: boolean;
}

/** Called for each order that a frame is about. */
export type OnOrder = (orderId: string) => void;

/** The watched orders of one connection. */
export class Feed implements ConnectionListener {
  readonly #connection: Connection;
  readonly #repeating: Repeating;
  readonly #watches = new Map<string, Set<Watch>>();
  /** Called for each order that a frame is about, before its events are given out. */
  onOrder: OnOrder = () => undefined;
  /** Called when the connection was opened again. */
  onReopened: () => void = () => undefined;
  /** Called when there will be no further connection. */
  onEnd: (error: unknown) => void = () => undefined;

  readonly #forget: () => void;

  /** `forget` is called when the feed has ended. */
  constructor(open: Open, repeating: Repeating, timing: Timing, forget: () => void) {
    this.#forget = forget;
    this.#repeating = repeating;
    this.#connection = new Connection(open, this, repeating, timing);
    this.#connection.ready().catch((error) => this.close(error));
  }

  ready(): Promise<void> {
    return this.#connection.ready();
  }

  /** Puts the order's events after `afterSeq` into `queue`. Returns what ends that. */
  watch(orderId: string, afterSeq: number, queue: Queue<OrderEvent>): () => void {
    const watch = this.#add(orderId, afterSeq, queue);
    void this.#subscribe(watch);
    return () => this.#remove(watch);
  }

  /** The same for an order whose events come by themselves; what is missing is asked for. */
  follow(orderId: string, queue: Queue<OrderEvent>): void {
    this.#add(orderId, 0, queue).isSubscribed = true;
  }

  /** Ends the connection; whoever reads is given `error`. */
  close(error: unknown): Promise<void> {
    for (const watch of this.#all()) this.#fail(watch, error);
    this.#forget();
    this.onEnd(error);
    return this.#connection.close(error);
  }

  /** Whether anything reads the order. */
  isWatched(orderId: string): boolean {
    return this.#watches.has(orderId);
  }

  // --- what the connection tells -------------------------------------------------------------------------

  status(frame: StatusFrame): void {
    this.onOrder(frame.orderId);
    const events = eventsOf(frame);
    for (const watch of this.#watches.get(frame.orderId) ?? []) this.#give(watch, events);
  }

  reopened(): void {
    for (const watch of this.#all()) {
      watch.asked = undefined;
      void this.#subscribe(watch);
    }
    this.onReopened();
  }

  refused(error: unknown): void {
    void this.close(error);
  }

  // --- watches -------------------------------------------------------------------------------------------

  #add(orderId: string, afterSeq: number, queue: Queue<OrderEvent>): Watch {
    const sequence = new Sequence(afterSeq);
    const watch = { orderId, sequence, queue, asked: undefined, isSubscribing: false, isSubscribed: false };
    this.#watches.set(orderId, (this.#watches.get(orderId) ?? new Set()).add(watch));
    return watch;
  }

  /** The deployment is not told: it would take an `unsubscribe` and the next `subscribe` in any order. */
  #remove(watch: Watch): void {
    const others = this.#watches.get(watch.orderId);
    others?.delete(watch);
    if (others?.size === 0) this.#watches.delete(watch.orderId);
  }

  #fail(watch: Watch, error: unknown): void {
    this.#remove(watch);
    watch.queue.fail(error);
  }

  #all(): Watch[] {
    return [...this.#watches.values()].flatMap((watches) => [...watches]);
  }

  #give(watch: Watch, events: readonly OrderEvent[]): void {
    const ready = watch.sequence.take(events);
    watch.queue.put(...ready);
    if (ready.some((event) => isTerminal(event.status))) return this.#remove(watch);
    this.#fillGap(watch);
  }

  /** Asks for events that are missing, once for each place where the order's events stop. */
  #fillGap(watch: Watch): void {
    const { hasGap, last } = watch.sequence;
    if (!hasGap || watch.isSubscribing || watch.asked === last) return;
    watch.asked = last;
    void this.#subscribe(watch);
  }

  /** A first subscription is tried as often as any call; one that was lost for as long as it takes. */
  async #subscribe(watch: Watch): Promise<void> {
    if (watch.isSubscribing) return;
    watch.isSubscribing = true;
    const { policy } = this.#repeating;
    const repeating = {
      ...this.#repeating,
      policy: watch.isSubscribed ? forever(policy) : policy,
      signal: this.#connection.closing,
    };
    try {
      await untilAnswered(() => this.#ask(watch), repeating, isBusy);
      watch.isSubscribed = true;
    } catch (error) {
      this.#fail(watch, error);
    } finally {
      watch.isSubscribing = false;
    }
    // An event that came with the answer, or before it, may be the last for long.
    if (this.#isRead(watch)) this.#fillGap(watch);
  }

  #isRead(watch: Watch): boolean {
    return this.#watches.get(watch.orderId)?.has(watch) ?? false;
  }

  async #ask(watch: Watch): Promise<void> {
    if (!this.#isRead(watch)) return;
    const frame = { action: "subscribe", orderId: watch.orderId, afterSeq: watch.sequence.last };
    await this.#connection.request(frame);
  }
}
