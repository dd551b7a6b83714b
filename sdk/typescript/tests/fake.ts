// A deployment in this process: HTTP and WebSocket, orders that tests move, answers that get lost.

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { WebSocket, WebSocketServer } from "ws";

import { Client, type ClientOptions, type OrderEvent, type Status } from "../src/index.js";

export const KEY = "local";
export const BALANCES = [{ symbol: "SOL", amount: "3" }];
export const TOKENS = [{ symbol: "SOL", decimals: 9 }];
export const NOW = "2026-11-20T11:24:09.506Z";
export const STATUSES = ["pending", "routing", "routing", "building", "submitted", "confirmed"] as const;

/** How one answer is given instead of the right one; status 0 breaks the connection. */
export interface Instead {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

interface Stored {
  readonly orderId: string;
  readonly body: Record<string, unknown>;
  readonly events: OrderEvent[];
}

interface Frame {
  readonly action: string;
  readonly id?: string;
  readonly orderId?: string;
  readonly afterSeq?: number;
}

/** What a fake is told to do wrong, and what it saw. */
export class Fake {
  readonly orders: Stored[] = [];
  readonly byKey = new Map<string, Stored>();
  readonly requests: string[] = [];
  readonly keys: (string | undefined)[] = [];
  readonly frames: Frame[] = [];
  /** Instead of the next answers; those to orders are lost after the order was stored. */
  readonly instead: Instead[] = [];
  /** Sockets that were opened, in all. */
  opened = 0;
  /** Connections that are refused before one is let in. */
  refusals = 0;
  key = KEY;
  /** Whether the sockets that are open answer nothing. */
  isMute = false;
  /** Whether the sockets that are open are not known any more. */
  hasForgotten = false;
  /** Acks that are lost, each with its connection. */
  lostAcks = 0;
  /** The seq of an event that no replay holds. */
  withheld = 0;
  /** Replays whose frames are lost, on a line that is slow for a moment. */
  lostReplays = 0;
  /** Called once, right behind an answer to a subscription, and before its events. */
  behindAck: (() => void) | undefined;
  url = "";
  readonly #watchers = new Map<WebSocket, { readonly all: boolean; readonly orders: Set<string> }>();
  readonly #server = createServer((request, answer) => void this.#serve(request, answer));
  readonly #sockets = new WebSocketServer({ noServer: true });

  async start(): Promise<this> {
    this.#server.on("upgrade", (request, socket, head) => {
      const query = new URL(request.url ?? "", this.url).searchParams;
      const isRefused = this.refusals > 0 && this.refusals-- > 0;
      if (isRefused || query.get("apiKey") !== this.key) {
        socket.end(`HTTP/1.1 ${isRefused ? 503 : 401} Refused\r\nconnection: close\r\n\r\n`);
        return;
      }
      this.#sockets.handleUpgrade(request, socket, head, (opened) => this.#connected(opened, query));
    });
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
    return this;
  }

  /** Returns a client that repeats at once. */
  client(options: Partial<ClientOptions> = {}): Client {
    const retry = { firstPauseMs: 1, longestPauseMs: 5 };
    return new Client({ url: this.url, apiKey: KEY, retry, webSocket: WebSocket, ...options });
  }

  async stop(): Promise<void> {
    this.drop();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** Breaks the connections that are open, as a network would. */
  drop(): void {
    for (const socket of this.#watchers.keys()) socket.terminate();
    this.#watchers.clear();
  }

  get connections(): number {
    return this.#watchers.size;
  }

  place(body: Record<string, unknown> = {}): Stored {
    const number = this.orders.length + 1;
    const order = { orderId: `ord_${String(number).padStart(32, "0")}`, body, events: [] };
    this.orders.push(order);
    return order;
  }

  /** Adds an event without sending it. */
  record(order: Stored, status: Status): OrderEvent {
    const seq = order.events.length + 1;
    const event = { orderId: order.orderId, seq, status, attempt: 1, at: NOW } as OrderEvent;
    order.events.push(event);
    return event;
  }

  /** Adds events, and pushes each to those who watch. */
  advance(order: Stored, ...statuses: readonly Status[]): void {
    for (const status of statuses) this.push(order, this.record(order, status));
  }

  push(order: Stored, event: OrderEvent, earlier: readonly OrderEvent[] = []): void {
    for (const [socket, { all, orders }] of this.#watchers) {
      if (all || orders.has(order.orderId)) send(socket, { type: "status", ...event, earlier });
    }
  }

  // --- HTTP ---------------------------------------------------------------------------------------------

  async #serve(request: IncomingMessage, answer: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const url = new URL(request.url ?? "", this.url);
    this.requests.push(`${request.method} ${url.pathname}${url.search}`);
    const right = this.#right(request, url, Buffer.concat(chunks).toString());
    const { status, body, headers } = this.instead.shift() ?? right;
    if (status === 0) return void request.socket.destroy();
    const text = typeof body === "string" ? body : JSON.stringify(body ?? { message: "Service Unavailable" });
    answer.writeHead(status, { "content-type": "application/json", ...headers }).end(text);
  }

  #right(request: IncomingMessage, url: URL, text: string): Instead {
    if (url.pathname === "/api/config") {
      return { status: 200, body: { websocketUrl: `${this.url.replace("http", "ws")}/live` } };
    }
    if (request.headers["x-api-key"] !== this.key) return problem(401, "unauthenticated", "unknown API key");
    if (request.method === "POST") return this.#execute(request.headers["idempotency-key"] as string, text);
    const [, orderId] = /^\/api\/orders\/(.+)$/.exec(url.pathname) ?? [];
    if (orderId !== undefined) return this.#order(orderId);
    if (url.pathname === "/api/orders") return this.#page(url.searchParams);
    if (url.pathname === "/api/balances") return { status: 200, body: { balances: BALANCES } };
    if (url.pathname === "/api/tokens") return { status: 200, body: { tokens: TOKENS } };
    return { status: 200, body: { quotes: [], asked: Object.fromEntries(url.searchParams) } };
  }

  #execute(key: string | undefined, text: string): Instead {
    this.keys.push(key);
    const stored = this.byKey.get(key ?? "") ?? this.place(JSON.parse(text) as Record<string, unknown>);
    if (key !== undefined) this.byKey.set(key, stored);
    const { orderId } = stored;
    return { status: 202, body: { orderId, status: "pending", startsAt: NOW, websocketUrl: "" } };
  }

  #order(orderId: string): Instead {
    const order = this.orders.find((stored) => stored.orderId === orderId);
    if (order === undefined) return problem(404, "not_found", "there is no such order");
    return { status: 200, body: view(order) };
  }

  #page(query: URLSearchParams): Instead {
    const start = Number(query.get("cursor") ?? 0);
    const end = start + Number(query.get("limit") ?? 20);
    const orders = this.orders.map(view).reverse();
    const nextCursor = end < orders.length ? String(end) : null;
    return { status: 200, body: { orders: orders.slice(start, end), nextCursor } };
  }

  // --- WebSocket ----------------------------------------------------------------------------------------

  #connected(socket: WebSocket, query: URLSearchParams): void {
    this.opened += 1;
    this.isMute = false;
    this.hasForgotten = false;
    this.#watchers.set(socket, { all: query.get("stream") === "all", orders: new Set() });
    socket.on("message", (data) => this.#obey(socket, JSON.parse(String(data)) as Frame));
    socket.on("close", () => this.#watchers.delete(socket));
  }

  #obey(socket: WebSocket, frame: Frame): void {
    this.frames.push(frame);
    if (this.isMute) return;
    const { id, orderId = "" } = frame;
    if (this.hasForgotten) {
      return send(socket, { type: "error", id, code: "connection_unknown", message: "unknown", status: 410 });
    }
    if (frame.action === "ping") return send(socket, { type: "pong", id });
    const order = this.orders.find((stored) => stored.orderId === orderId);
    if (order === undefined) {
      return send(socket, { type: "error", id, code: "not_found", message: "there is no such order", status: 404 });
    }
    if (this.lostAcks > 0 && this.lostAcks-- > 0) return socket.terminate();
    this.#watchers.get(socket)?.orders.add(orderId);
    send(socket, { type: "ack", id, orderId });
    this.behindAck?.();
    this.behindAck = undefined;
    if (this.lostReplays > 0 && this.lostReplays-- > 0) return;
    const replayed = order.events.slice(frame.afterSeq).filter((event) => event.seq !== this.withheld);
    for (const event of replayed) send(socket, { type: "status", ...event });
  }
}

export function problem(status: number, code: string, detail: string, more: object = {}): Instead {
  const type = `/problems/${code.replaceAll("_", "-")}`;
  return { status, body: { type, title: code, status, detail, ...more } };
}

function view({ orderId, events }: Stored): object {
  const number = Number(orderId.slice(4));
  const createdAt = new Date(1_800_000_000_000 + number).toISOString();
  const status = events.at(-1)?.status ?? "pending";
  return { orderId, status, seq: events.length, createdAt, startsAt: NOW, events, error: null };
}

function send(socket: WebSocket, frame: object): void {
  socket.send(JSON.stringify(frame));
}

/** Returns what a promise throws. */
export async function thrown(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}
