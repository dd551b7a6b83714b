// One WebSocket, of the runtime or of a package such as ws.

import { NoWebSocket } from "./errors.js";

/** What the client uses of a WebSocket: those of browsers, of Node 22 and of the package ws have it. */
export interface WebSocketLike {
  send(data: string): void;
  close(): void;
  addEventListener(type: "open", listener: () => void): void;
  addEventListener(type: "message", listener: (event: { readonly data: unknown }) => void): void;
  addEventListener(type: "error", listener: () => void): void;
  addEventListener(type: "close", listener: () => void): void;
}

export type WebSocketConstructor = new (url: string) => WebSocketLike;

/** Who is told what a socket receives, and that it has ended. */
export interface SocketListener {
  received(socket: Socket, text: string): void;
  ended(socket: Socket): void;
}

/** A socket that is told of no more once it was closed: a dead line may take a minute to close. */
export class Socket {
  /** Rejects with `NoWebSocket` when the socket does not open. */
  readonly opened: Promise<void>;
  /** Resolves when both sides have closed. */
  readonly gone: Promise<void>;
  readonly #socket: WebSocketLike;
  #isOver = false;

  constructor(url: string, kind: WebSocketConstructor, timeoutMs: number, listener: SocketListener) {
    const place = url.split("?")[0];
    const socket = new kind(url);
    this.#socket = socket;
    let isOpen = false;
    this.gone = new Promise((resolve) => socket.addEventListener("close", () => resolve()));
    this.opened = new Promise((resolve, reject) => {
      const refuse = (why: string) => {
        reject(new NoWebSocket(`the WebSocket at ${place} ${why}`));
        this.close();
      };
      const timer = setTimeout(() => refuse(`did not open within ${timeoutMs / 1000} s`), timeoutMs);
      socket.addEventListener("open", () => {
        clearTimeout(timer);
        isOpen = true;
        resolve();
      });
      // Without a listener, ws would end the process; what follows is "close".
      socket.addEventListener("error", () => undefined);
      socket.addEventListener("close", () => {
        clearTimeout(timer);
        if (!isOpen) refuse("did not open");
        else if (!this.#isOver) listener.ended(this);
      });
    });
    socket.addEventListener("message", ({ data }) => {
      if (!this.#isOver && typeof data === "string") listener.received(this, data);
    });
  }

  send(frame: object): void {
    this.#socket.send(JSON.stringify(frame));
  }

  close(): void {
    this.#isOver = true;
    this.#socket.close();
  }
}
