// A WebSocket that is opened again whenever it ends, with requests and their answers.

import { ConnectionLost, DexecError, refusal, Unauthorized } from "./errors.js";
import type { AckFrame, ErrorFrame, PongFrame, StatusFrame } from "./models.js";
import { isBusy, pauseMs, type Repeating, sleep, untilAnswered } from "./retry.js";
import { Socket, type SocketListener } from "./socket.js";

/** How long things may take, in ms. */
export interface Timing {
  /** From one ping to the next. API Gateway also closes a connection that was idle for 10 minutes. */
  readonly pingMs: number;
  /** From a ping to its pong. */
  readonly pongMs: number;
  /** From another frame to its answer. */
  readonly answerMs: number;
  /** Until a connection is open. */
  readonly openMs: number;
  /** From one read of an order to the next where no WebSocket can be opened: a tenth of a key's reads. */
  readonly pollMs: number;
}

export const TIMING: Timing = {
  pingMs: 60_000,
  pongMs: 10_000,
  answerMs: 15_000,
  openMs: 10_000,
  pollMs: 1_000,
};

type Frame = StatusFrame | AckFrame | PongFrame | ErrorFrame;
type Answer = AckFrame | PongFrame;

/** Opens one socket. Throws `Unauthorized` where another try would be refused as well. */
export type Open = (listener: SocketListener, closing: AbortSignal) => Promise<Socket>;

/** Who is told what happens to a connection. */
export interface ConnectionListener {
  status(frame: StatusFrame): void;
  /** What was missed meanwhile has to be asked for. */
  reopened(): void;
  /** The deployment refuses the key: there is no further connection. */
  refused(error: unknown): void;
}

interface Waiting {
  resolve(frame: Answer): void;
  reject(error: unknown): void;
}

/** How long closing waits for the other side. */
const CLOSED_MS = 1000;

const FORGOTTEN = "connection_unknown";

/** Keeps one connection until `close`. */
export class Connection implements SocketListener {
  readonly #open: Open;
  readonly #listener: ConnectionListener;
  readonly #repeating: Repeating;
  readonly #timing: Timing;
  readonly #closing = new AbortController();
  readonly #waiting = new Map<string, Waiting>();
  #socket: Promise<Socket>;
  #current: Socket | undefined;
  #requests = 0;
  /** How often in a row the deployment has forgotten the connection. */
  #forgotten = 0;

  constructor(open: Open, listener: ConnectionListener, repeating: Repeating, timing: Timing) {
    this.#open = open;
    this.#listener = listener;
    this.#repeating = { ...repeating, signal: this.#closing.signal };
    this.#timing = timing;
    this.#socket = this.#first();
    this.#socket.then(() => this.#keepAwake()).catch(() => undefined);
  }

  /** Aborts when the connection is closed for good. */
  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  /** Resolves as soon as there is a connection. Throws `DexecError` when the first one cannot be opened. */
  async ready(): Promise<void> {
    await this.#socket;
  }

  /** Sends a frame and returns its answer. Throws `DexecError`, `ConnectionLost` when there is no answer. */
  async request(frame: { readonly action: string }, timeoutMs = this.#timing.answerMs): Promise<Answer> {
    let socket: Socket;
    do socket = await this.#socket;
    while (socket !== this.#current);
    const id = String((this.#requests += 1));
    let timer: ReturnType<typeof setTimeout> | undefined;
    try {
      return await new Promise<Answer>((resolve, reject) => {
        this.#waiting.set(id, { resolve, reject });
        timer = setTimeout(() => {
          // Dead in one direction at least.
          this.#lose(socket, `no answer to ${frame.action} within ${timeoutMs / 1000} s`);
        }, timeoutMs);
        socket.send({ ...frame, id });
      });
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(id);
    }
  }

  /** Closes the connection for good; what waits for an answer is given `error`. */
  async close(error: unknown): Promise<void> {
    this.#closing.abort(error);
    this.#abandon(error);
    const socket = this.#current;
    this.#current = undefined;
    this.#socket = Promise.reject(error);
    this.#socket.catch(() => undefined);
    if (socket === undefined) return;
    socket.close();
    const isGone = new AbortController();
    void socket.gone.then(() => isGone.abort());
    await sleep(CLOSED_MS, isGone.signal).catch(() => undefined);
  }

  // --- the socket ---------------------------------------------------------------------------------------

  async #first(): Promise<Socket> {
    return this.#adopt(await untilAnswered(() => this.#open(this, this.closing), this.#repeating, isBusy));
  }

  #adopt(socket: Socket): Socket {
    if (this.#closing.signal.aborted) {
      socket.close();
      throw this.#closing.signal.reason;
    }
    this.#current = socket;
    return socket;
  }

  #lose(socket: Socket, why: string): void {
    if (socket !== this.#current) return;
    this.#current = undefined;
    socket.close();
    this.#socket = this.#reopen(new ConnectionLost(why));
    // Whoever waits for the next one is told; here it is only kept from being unhandled.
    this.#socket.then(() => this.#listener.reopened()).catch(() => undefined);
    this.#abandon(new ConnectionLost(why));
  }

  /** Opens another socket, however long that takes. */
  async #reopen(error: DexecError): Promise<Socket> {
    const { policy, onRetry, signal } = this.#repeating;
    // Had the deployment forgotten the last ones as well, it would be asked without end.
    if (this.#forgotten > 0) await sleep(pauseMs(this.#forgotten, error, policy), signal);
    for (let failures = 1; ; failures += 1) {
      try {
        return this.#adopt(await this.#open(this, this.closing));
      } catch (failure) {
        if (signal?.aborted) throw failure;
        if (failure instanceof Unauthorized || !(failure instanceof DexecError)) {
          this.#listener.refused(failure);
          throw failure;
        }
        const waitMs = pauseMs(failures, failure, policy);
        onRetry(failure, waitMs);
        await sleep(waitMs, signal);
      }
    }
  }

  async #keepAwake(): Promise<void> {
    for (;;) {
      await sleep(this.#timing.pingMs, this.#closing.signal);
      const socket = this.#current;
      try {
        await this.request({ action: "ping" }, this.#timing.pongMs);
      } catch (error) {
        // A 5xx came over this connection, so it works; a key that is refused opens no other.
        if (error instanceof Unauthorized && socket) this.#lose(socket, error.message);
      }
    }
  }

  #abandon(error: unknown): void {
    for (const { reject } of this.#waiting.values()) reject(error);
  }

  // --- frames -------------------------------------------------------------------------------------------

  ended(socket: Socket): void {
    this.#lose(socket, "the connection ended");
  }

  received(socket: Socket, text: string): void {
    const frame = parsed(text);
    if (frame.type === "error" && frame.code === FORGOTTEN) {
      this.#forgotten += 1;
      return this.#lose(socket, frame.message);
    }
    this.#forgotten = 0;
    if (frame.type === "status") return this.#listener.status(frame);
    const waiting = this.#waiting.get(String(frame.id));
    if (frame.type === "error") waiting?.reject(refusal(frame.status, frame));
    else waiting?.resolve(frame);
  }
}

/** What is no JSON object, from a gateway for example, answers nothing. */
function parsed(text: string): Frame {
  try {
    return Object(JSON.parse(text)) as Frame;
  } catch {
    return Object() as Frame;
  }
}
