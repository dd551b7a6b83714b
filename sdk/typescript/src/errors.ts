// Everything that the client throws.

import { isTerminal, type Order, type Problem } from "./models.js";

const HINTS = new Map([
  [401, "is the API key right?"],
  [403, "is the API key right?"],
]);

/**
 * Base of all errors of the client:
 *
 * ```text
 * DexecError             any of these
 * ├── BadAddress         no valid URL, or no dexec deployment answers under it
 * ├── ConnectionLost     no answer: no connection, a broken one, or a time-out
 * │   └── NoWebSocket    HTTP answers, but no WebSocket can be opened
 * ├── ApiError           the deployment refused; has status, code and problem (RFC 9457)
 * │   ├── BadRequest     400, 413: the body is no JSON object, or too large
 * │   ├── Unauthorized   401, 403: no API key, or one that is unknown or revoked
 * │   ├── NotFound       404: no such order, or it is another client's
 * │   ├── Conflict       409: the key is another order's, or the order is not as supposed; see code
 * │   ├── Invalid        422: a field has a value that it cannot have; has fields
 * │   ├── RateLimited    429: has retryAfterS
 * │   ├── Unavailable    502, 503, 504: a back end does not answer, or is busy
 * │   └── ServerError    any other 5xx
 * ├── NotDone            an order had not ended in time
 * ├── OrderFailed        throwIfFailed() was given an order that failed; has order
 * └── ClientClosed       close() was called
 * ```
 *
 * A signal that aborts throws its own reason, as everywhere on the platform.
 */
export class DexecError extends Error {
  override get name(): string {
    return this.constructor.name;
  }

  /** The key of the `execute` that threw: with the same key and order, it can be called again safely. */
  idempotencyKey: string | undefined;

  /** Whether the request may have been carried out nevertheless. */
  get isUnknown(): boolean {
    return false;
  }
}

/** The address is no valid URL, or no dexec deployment answers under it. */
export class BadAddress extends DexecError {}

/** There was no answer: no connection, a broken one, or a time-out. */
export class ConnectionLost extends DexecError {
  override get isUnknown(): boolean {
    return true;
  }
}

/** HTTP answers, but no WebSocket can be opened: the runtime has none, or a proxy is in the way. */
export class NoWebSocket extends ConnectionLost {}

/** An order had not ended in time; it goes on. */
export class NotDone extends DexecError {
  constructor(
    message: string,
    readonly orderId: string,
  ) {
    super(message);
  }
}

const ENDED: Readonly<Record<string, string>> = { cancelled: "was cancelled" };

/** `throwIfFailed` was given an order that failed, was cancelled or expired. */
export class OrderFailed extends DexecError {
  constructor(readonly order: Order) {
    super(`${order.orderId} ${ENDED[order.status] ?? order.status}: ${order.error?.message ?? "no reason is given"}`);
  }
}

/** The client was closed. */
export class ClientClosed extends DexecError {
  constructor() {
    super("the client is closed");
  }
}

/** The deployment refused a request. */
export class ApiError extends DexecError {
  constructor(
    message: string,
    readonly status: number,
    /** The RFC 9457 document that says why; empty where a gateway refused. */
    readonly problem: Partial<Problem> & { code?: string } = {},
    /** In how many seconds the deployment wants to be asked again, where it said so. */
    readonly retryAfterS: number | undefined = problem.retryAfter,
  ) {
    super(message);
  }

  /** What the refusal is called, such as `idempotency_conflict`; empty where a gateway refused. */
  get code(): string {
    return this.problem.code ?? this.problem.type?.split("/").at(-1)?.replaceAll("-", "_") ?? "";
  }

  /**
   * A 503 of the engine itself, which has a problem type or code, says that nothing was carried out. A 500 may have
   * come after the order was stored: a gateway gives it for a function that ran out of time.
   */
  override get isUnknown(): boolean {
    return this.status >= 500 && (this.status !== 503 || this.code === "");
  }

  /** The order that the refusal is about, where it names one. */
  get orderId(): string | undefined {
    return this.problem.orderId;
  }
}

export class BadRequest extends ApiError {}
export class Unauthorized extends ApiError {}
export class NotFound extends ApiError {}
export class Conflict extends ApiError {}
export class RateLimited extends ApiError {}
export class ServerError extends ApiError {}

/** A field has a value that it cannot have. */
export class Invalid extends ApiError {
  /** What is wrong with each field at fault. */
  get fields(): Readonly<Record<string, string>> {
    return Object.fromEntries((this.problem.errors ?? []).map(({ field, message }) => [field, message]));
  }
}

/** A back end does not answer, or is busy. */
export class Unavailable extends ApiError {}

const KINDS = new Map<number, typeof ApiError>([
  [400, BadRequest],
  [401, Unauthorized],
  [403, Unauthorized],
  [404, NotFound],
  [409, Conflict],
  [413, BadRequest],
  [422, Invalid],
  [429, RateLimited],
  [502, Unavailable],
  [503, Unavailable],
  [504, Unavailable],
]);

/** Returns the error of a refusal. `body` is its parsed answer, or the `error` frame. */
export function refusal(status: number, body: unknown, retryAfter?: string | null): ApiError {
  const said = (typeof body === "object" && body !== null ? body : {}) as Partial<Problem> & {
    code?: string;
    message?: string;
  };
  const ours = said.type !== undefined || said.code !== undefined;
  const gateway = said.message === undefined ? `HTTP ${status}` : `HTTP ${status}: ${said.message}`;
  const hint = HINTS.get(status);
  const reason = said.detail ?? (ours ? (said.message ?? said.title) : undefined);
  const text = reason ?? (hint === undefined ? gateway : `${gateway}; ${hint}`);
  const kind = KINDS.get(status) ?? (status >= 500 ? ServerError : ApiError);
  return new kind(text, status, said, seconds(retryAfter) ?? said.retryAfter);
}

/** Throws `OrderFailed` unless the order is confirmed, or still under way. Returns the order. */
export function throwIfFailed<T extends Order>(order: T): T {
  if (isTerminal(order.status) && order.status !== "confirmed") throw new OrderFailed(order);
  return order;
}

function seconds(retryAfter: string | null | undefined): number | undefined {
  return retryAfter && /^\d+$/.test(retryAfter) ? Number(retryAfter) : undefined;
}
