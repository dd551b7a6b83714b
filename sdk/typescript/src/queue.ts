// A queue with one reader, who waits for what is put in.

/** What is put in comes out in order. */
export class Queue<T> {
  readonly #items: T[] = [];
  #ending: (() => undefined) | undefined;
  #wake: (() => void) | undefined;

  put(...items: readonly T[]): void {
    this.#items.push(...items);
    this.#wake?.();
  }

  /** Reading throws from now on; what is still in the queue is not read any more. */
  fail(error: unknown): void {
    this.#end(() => {
      throw error;
    });
  }

  /** Reading returns undefined from now on. */
  end(): void {
    this.#end(() => undefined);
  }

  /** Returns the next item. Throws what `fail` was given. */
  async next(): Promise<T | undefined> {
    for (;;) {
      if (this.#ending !== undefined) return this.#ending();
      if (this.#items.length > 0) return this.#items.shift();
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  #end(ending: () => undefined): void {
    this.#ending ??= ending;
    this.#wake?.();
  }
}
