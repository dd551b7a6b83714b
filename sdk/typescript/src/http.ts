// Calls of the HTTP API: one try each; retry.ts repeats them.

import { BadAddress, ConnectionLost, refusal } from "./errors.js";
import { anySignal } from "./retry.js";

export type Fetch = typeof globalThis.fetch;

/** Options of a call. */
export interface CallOptions {
  /** Aborts the call, and the pauses between its tries. */
  readonly signal?: AbortSignal | undefined;
}

/** Whether a gateway may have answered, whose answers need not be JSON. */
const isGateways = (status: number) => status === 429 || status >= 500;

type Query = Readonly<Record<string, string | number | undefined>>;

/** What every call has in common. */
export interface HttpOptions {
  readonly url: string;
  readonly apiKey: string;
  readonly timeoutMs: number;
  readonly fetch: Fetch;
  /** Aborts when the client is closed. */
  readonly closed: AbortSignal;
}

/** The HTTP API of one deployment, as one key sees it. Its calls throw `DexecError`. */
export class Http {
  readonly #options: HttpOptions;
  readonly #base: string;

  constructor(options: HttpOptions) {
    this.#options = options;
    this.#base = checkedUrl(options.url);
  }

  get<T>(path: string, query: Query = {}, { signal }: CallOptions = {}): Promise<T> {
    const search = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) search.set(name, String(value));
    }
    return this.#call<T>(search.size > 0 ? `${path}?${search}` : path, { method: "GET" }, signal);
  }

  post<T>(path: string, body: object, headers: Record<string, string>, { signal }: CallOptions = {}): Promise<T> {
    return this.#send<T>("POST", path, body, headers, signal);
  }

  patch<T>(path: string, body: object, { signal }: CallOptions = {}): Promise<T> {
    return this.#send<T>("PATCH", path, body, {}, signal);
  }

  delete<T>(path: string, { signal }: CallOptions = {}): Promise<T> {
    return this.#call<T>(path, { method: "DELETE" }, signal);
  }

  #send<T>(
    method: string,
    path: string,
    body: object,
    headers: Record<string, string>,
    signal: AbortSignal | undefined,
  ): Promise<T> {
    const sent = { "content-type": "application/json", ...headers };
    return this.#call<T>(path, { method, body: JSON.stringify(body), headers: sent }, signal);
  }

  async #call<T>(path: string, init: RequestInit, signal: AbortSignal | undefined): Promise<T> {
    const { status, text, retryAfter } = await this.#answer(path, init, signal);
    const isRedirect = status < 200 || (status >= 300 && status < 400);
    if (isRedirect) throw new BadAddress(`${this.#base} is not a dexec deployment: it redirects to another address`);
    let body: unknown;
    try {
      body = JSON.parse(text);
    } catch {
      if (isGateways(status)) throw refusal(status, undefined, retryAfter);
      throw new BadAddress(`${this.#base} is not a dexec deployment: it answered ${status} without JSON`);
    }
    if (status >= 400) throw refusal(status, body, retryAfter);
    return body as T;
  }

  async #answer(path: string, init: RequestInit, signal: AbortSignal | undefined) {
    const { apiKey, timeoutMs, fetch, closed } = this.#options;
    closed.throwIfAborted();
    signal?.throwIfAborted();
    const headers = { ...(init.headers as Record<string, string>), "x-api-key": apiKey };
    const until = anySignal(signal, closed, AbortSignal.timeout(timeoutMs));
    try {
      // A redirect would hand the key to another host.
      const answer = await fetch(this.#base + path, { ...init, headers, redirect: "manual", signal: until });
      const { status } = answer;
      return { status, text: await answer.text(), retryAfter: answer.headers.get("retry-after") };
    } catch (cause) {
      closed.throwIfAborted();
      signal?.throwIfAborted();
      const why = until.aborted ? ` within ${timeoutMs / 1000} s` : `: ${reasonOf(cause)}`;
      throw new ConnectionLost(`${this.#base} did not answer${why}`, { cause });
    }
  }
}

function checkedUrl(url: string): string {
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw new BadAddress(`${url} is not an HTTP address; one looks like http://localhost:4566/…`);
  }
  return url.replace(/\/+$/, "");
}

/** What went wrong on the line: `fetch` itself says "fetch failed" and hides why in the cause. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const { code } = cause as { code?: string };
  return code ?? (cause instanceof Error ? cause.message : String(cause));
}
