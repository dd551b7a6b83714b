// Orders and de-duplicates the events of one order: each once, by its seq.

import type { OrderEvent, StatusFrame } from "./models.js";

/** Takes events as they arrive (repeated, late, in any order) and gives each out once, in order. */
export class Sequence {
  readonly #early = new Map<number, OrderEvent>();
  #last: number;

  /** `last` is the seq up to which the events are known already. */
  constructor(last = 0) {
    this.#last = last;
  }

  /** The seq up to which the events were given out. */
  get last(): number {
    return this.#last;
  }

  /** Whether an event waits for one before it that has not come. */
  get hasGap(): boolean {
    return this.#early.size > 0;
  }

  /** Accepts events; returns those whose turn it is now. */
  take(events: readonly OrderEvent[]): OrderEvent[] {
    for (const event of events) {
      if (event.seq > this.#last) this.#early.set(event.seq, event);
    }
    const ready: OrderEvent[] = [];
    for (let next; (next = this.#early.get(this.#last + 1)) !== undefined; ) {
      this.#early.delete(next.seq);
      this.#last = next.seq;
      ready.push(next);
    }
    return ready;
  }
}

/** Returns the events of a `status` frame, oldest first. */
export function eventsOf(frame: StatusFrame): OrderEvent[] {
  const { type: _, earlier = [], ...latest } = frame;
  return [...earlier.map((event) => ({ ...event, orderId: frame.orderId })), latest as OrderEvent];
}
