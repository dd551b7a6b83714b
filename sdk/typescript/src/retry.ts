// Retries of what has no answer yet: which errors, how often, and with which pauses.

import { ApiError, ConnectionLost, type DexecError, RateLimited, Unavailable } from "./errors.js";

/** How a call is repeated while its answer is lost. */
export interface RetryPolicy {
  /** Calls in all, the first one included. */
  readonly tries: number;
  /** The first pause; each next one is twice as long, less up to half at random. */
  readonly firstPauseMs: number;
  readonly longestPauseMs: number;
  /** A `Retry-After` beyond it is left to the caller. */
  readonly longestWaitMs: number;
}

export const RETRY: RetryPolicy = {
  tries: 5,
  firstPauseMs: 200,
  longestPauseMs: 5_000,
  longestWaitMs: 30_000,
};

/** Returns a policy that never gives up. */
export function forever(policy: RetryPolicy): RetryPolicy {
  return { ...policy, tries: Number.POSITIVE_INFINITY, longestWaitMs: Number.POSITIVE_INFINITY };
}

/** Called before a call is repeated, or a connection opened again, in so many ms. */
export type OnRetry = (error: DexecError, waitMs: number) => void;

/** What a repeated call needs besides itself. */
export interface Repeating {
  readonly policy: RetryPolicy;
  readonly onRetry: OnRetry;
  /** The caller's own. */
  readonly signal?: AbortSignal | undefined;
  /** Aborts when the client is closed. */
  readonly closed?: AbortSignal | undefined;
}

/** Whether an answer was lost: no answer, or one of a gateway or of a back end that is away. */
export function isLost(error: unknown): error is DexecError {
  return error instanceof ConnectionLost || error instanceof Unavailable;
}

/** Whether the same read may be answered later: what is lost, and what came too often. */
export function isBusy(error: unknown): error is DexecError {
  return isLost(error) || error instanceof RateLimited;
}

/** Returns how long to wait after failures in a row: never less than `Retry-After`. */
export function pauseMs(failures: number, error: unknown, policy: RetryPolicy): number {
  const doubled = policy.firstPauseMs * 2 ** Math.min(failures - 1, 20);
  const jittered = Math.min(policy.longestPauseMs, doubled) * (0.5 + Math.random() / 2);
  const asked = error instanceof ApiError ? (error.retryAfterS ?? 0) * 1000 : 0;
  return Math.max(jittered, asked);
}

/**
 * Makes a call that may be repeated, again while `again` says so of its error.
 *
 * Throws the error of an answer; after the last try the first error after which it is not known whether the
 * call was carried out, if there was any.
 */
export async function untilAnswered<T>(
  call: () => Promise<T>,
  { policy, onRetry, signal, closed }: Repeating,
  again: (error: unknown) => error is DexecError = isLost,
): Promise<T> {
  let unknown: DexecError | undefined;
  for (let failures = 1; ; failures += 1) {
    try {
      return await call();
    } catch (error) {
      if (!again(error)) throw error;
      unknown ??= error.isUnknown ? error : undefined;
      const waitMs = pauseMs(failures, error, policy);
      if (failures >= policy.tries || waitMs > policy.longestWaitMs) throw unknown ?? error;
      onRetry(error, waitMs);
      await sleep(waitMs, anySignal(signal, closed));
    }
  }
}

/** Waits; throws the signal's reason as soon as it aborts. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const ended = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", ended);
      resolve();
    }, ms);
    signal?.addEventListener("abort", ended, { once: true });
  });
}

/** Returns a signal that aborts with the first of the given ones. */
export function anySignal(...signals: readonly (AbortSignal | undefined)[]): AbortSignal {
  return AbortSignal.any(signals.filter((signal) => signal !== undefined));
}
