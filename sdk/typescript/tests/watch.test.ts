// Orders that are watched over a WebSocket that drops, forgets and repeats.

import assert from "node:assert/strict";
import { after, beforeEach, test } from "node:test";

import {
  type Client,
  ClientClosed,
  NotDone,
  NotFound,
  NoWebSocket,
  type OrderEvent,
  type OrderHandle,
  OrderFailed,
  throwIfFailed,
  Unauthorized,
} from "../src/index.js";
import { Fake, STATUSES, thrown } from "./fake.js";

const ORDER = { tokenIn: "SOL", tokenOut: "USDC", amount: "1.5" };
const SEQS = [1, 2, 3, 4, 5, 6];

let fake: Fake;
let client: Client;
const warnings: string[] = [];
process.on("warning", ({ message }) => warnings.push(message));

beforeEach(async () => {
  await stop();
  fake = await new Fake().start();
  client = fake.client();
});
after(async () => {
  await stop();
  assert.deepEqual(warnings, [], "such as listeners that are added and never removed");
});

async function stop(): Promise<void> {
  await client?.close();
  await fake?.stop();
}

/** Reads an order's events to the end; `each` is called with every one. */
async function read(order: OrderHandle, each: (event: OrderEvent) => void = () => undefined, afterSeq = 0) {
  const seqs: number[] = [];
  for await (const event of order.events({ afterSeq })) {
    seqs.push(event.seq);
    each(event);
  }
  return seqs;
}

test("an order's events come once and in order, however they arrive", async () => {
  const order = await client.execute(ORDER);
  const stored = fake.orders[0]!;
  fake.advance(stored, "pending");
  const seqs = await read(order, ({ seq }) => {
    if (seq !== 1) return;
    const [two, three, four, five, six] = STATUSES.slice(1).map((status) => fake.record(stored, status));
    for (const event of [three!, two!, two!]) fake.push(stored, event);
    fake.push(stored, six!, [four!, five!]);
    fake.push(stored, six!);
  });
  assert.deepEqual(seqs, SEQS);
  assert.equal(order.status, "confirmed");
});

test("a dropped connection is opened again, from the last event on", async () => {
  const order = await client.execute(ORDER);
  const stored = fake.orders[0]!;
  fake.advance(stored, "pending", "routing");
  const seqs = await read(order, ({ seq }) => {
    if (seq !== 2) return;
    fake.refusals = 7;
    fake.lostAcks = 7;
    fake.drop();
    for (const status of STATUSES.slice(2)) fake.record(stored, status);
  });
  assert.deepEqual(seqs, SEQS);
  // However often it takes: more often than any call is repeated.
  assert.deepEqual(fake.frames.map((frame) => frame.afterSeq), [0, ...Array(8).fill(2)]);
  assert.equal(fake.opened, 9);
});

test("an event that is missing is asked for, once", async () => {
  const order = await client.execute(ORDER);
  const stored = fake.orders[0]!;
  fake.advance(stored, "pending");
  const seqs = await read(order, ({ seq }) => {
    if (seq !== 1) return;
    fake.withheld = 2;
    for (const status of STATUSES.slice(1)) fake.record(stored, status);
    fake.push(stored, stored.events[3]!);
    setTimeout(() => fake.push(stored, stored.events[4]!), 20);
    setTimeout(() => fake.push(stored, stored.events[1]!), 40);
  });
  assert.deepEqual(seqs, SEQS);
  assert.deepEqual(fake.frames.map((frame) => frame.afterSeq), [0, 1]);
});

test("events that were lost at the start, or after a drop, are asked for with the next one", async () => {
  const order = await client.execute(ORDER);
  const stored = fake.orders[0]!;
  fake.record(stored, "pending");
  fake.lostReplays = 1;
  fake.behindAck = () => fake.advance(stored, "routing");
  const seqs = await read(order, ({ seq }) => {
    if (seq !== 2) return;
    fake.lostReplays = 1;
    fake.record(stored, "routing");
    fake.drop();
    fake.behindAck = () => fake.advance(stored, ...STATUSES.slice(3));
  });
  assert.deepEqual(seqs, SEQS);
  assert.deepEqual(fake.frames.map((frame) => frame.afterSeq), [0, 0, 2, 2]);
});

test("a subscription whose answer is lost is sent again", async () => {
  const order = await client.execute(ORDER);
  fake.lostAcks = 2;
  for (const status of STATUSES) fake.record(fake.orders[0]!, status);
  assert.deepEqual(await read(order), SEQS);
  assert.equal(fake.opened, 3);
});

test("a connection that the deployment has forgotten is replaced", async () => {
  client = fake.client({ timing: { pingMs: 10 } });
  const order = await client.execute(ORDER);
  const stored = fake.orders[0]!;
  fake.advance(stored, "pending");
  const seqs = await read(order, ({ seq }) => {
    if (seq !== 1) return;
    fake.hasForgotten = true;
    for (const status of STATUSES.slice(1)) fake.record(stored, status);
  });
  assert.deepEqual(seqs, SEQS);
  assert.equal(fake.opened, 2);
});

test("a connection that is dead is replaced", async () => {
  client = fake.client({ timing: { pingMs: 10, pongMs: 200 } });
  const order = await client.execute(ORDER);
  const stored = fake.orders[0]!;
  fake.advance(stored, "pending");
  const seqs = await read(order, ({ seq }) => {
    if (seq !== 1) return;
    fake.isMute = true;
    for (const status of STATUSES.slice(1)) fake.record(stored, status);
  });
  assert.deepEqual(seqs, SEQS);
  assert.ok(fake.opened >= 2);
});

test("events are read from the one after the last that is known", async () => {
  const { orderId } = fake.place();
  fake.advance(fake.orders[0]!, ...STATUSES);
  const order = await client.handle(orderId);
  assert.equal(order.status, "confirmed");
  assert.deepEqual(await read(order, undefined, 4), [5, 6]);
  assert.deepEqual(await read(order, undefined, 6), [], "there is none to wait for");
  assert.deepEqual(await read(order, () => assert.equal(order.status, "confirmed")), SEQS);
});

test("several readers share one connection", async () => {
  const orders = [await client.execute(ORDER), await client.execute(ORDER)];
  const reading = [...orders, ...orders].map((order) => read(order));
  for (const stored of fake.orders) fake.advance(stored, ...STATUSES);
  assert.deepEqual(await Promise.all(reading), [SEQS, SEQS, SEQS, SEQS]);
  assert.equal(fake.opened, 1);
});

test("done waits for the end and returns the order", async () => {
  const order = await client.execute(ORDER);
  const done = order.done();
  fake.advance(fake.orders[0]!, "pending", "failed");
  const ended = await done;
  assert.equal(ended.status, "failed");
  assert.throws(() => throwIfFailed(ended), (error) => error instanceof OrderFailed && error.order === ended);
  assert.equal((await order.done()).status, "failed");
  assert.equal(fake.frames.length, 1, "an order that is over is not watched again");
});

test("done ends with its time or its signal", async () => {
  const order = await client.execute(ORDER);
  const late = await thrown(order.done({ timeoutMs: 5 }));
  assert.ok(late instanceof NotDone && late.orderId === order.id);
  const reason = new Error("enough");
  await assert.rejects(order.done({ signal: AbortSignal.abort(reason) }), reason);
  const abort = new AbortController();
  const done = order.done({ signal: abort.signal });
  setTimeout(() => abort.abort(reason), 5);
  await assert.rejects(done, reason);
});

test("an order that is not the client's is refused", async () => {
  await assert.rejects(client.handle("ord_other"), NotFound);
  const order = await client.execute(ORDER);
  fake.orders.length = 0;
  await assert.rejects(read(order), NotFound);
});

test("a key that is refused ends everything; a busy deployment is asked again", async () => {
  const order = await client.execute(ORDER);
  fake.advance(fake.orders[0]!, "pending");
  fake.refusals = 2;
  const reading = read(order, () => {
    fake.key = "another";
    fake.drop();
  });
  await assert.rejects(reading, Unauthorized);
  assert.equal(fake.opened, 1);
  const tokens = fake.requests.filter((request) => request === "GET /api/tokens");
  assert.equal(tokens.length, 3, "each refusal is looked into");
});

test("a connection that never opens is given up", async () => {
  const order = await client.execute(ORDER);
  fake.refusals = 100;
  await assert.rejects(read(order), NoWebSocket);
  assert.equal(fake.refusals, 95);
  fake.refusals = 0;
  for (const status of STATUSES) fake.record(fake.orders[0]!, status);
  assert.deepEqual(await read(order), SEQS, "the next one starts anew");
});

test("an end during an outage is waited for", async () => {
  client = fake.client({ timing: { pollMs: 5 } });
  const order = await client.execute(ORDER);
  fake.advance(fake.orders[0]!, "pending", "failed");
  const instead = { status: 503 };
  const done = read(order).then(() => {
    fake.instead.push(...Array<typeof instead>(23).fill(instead));
    return order.done();
  });
  assert.equal((await done).status, "failed");
  assert.equal(fake.instead.length, 0);
  fake.instead.push({ status: 401 });
  await assert.rejects(order.done(), Unauthorized);
});

test("an order's end is found without a WebSocket, too", async () => {
  client = fake.client({ timing: { pollMs: 5 } });
  const order = await client.execute(ORDER);
  fake.refusals = 100;
  const done = order.done();
  fake.advance(fake.orders[0]!, "pending");
  setTimeout(() => fake.advance(fake.orders[0]!, "failed"), 60);
  assert.equal((await done).status, "failed");
  assert.equal(fake.opened, 0);
});

test("a client that is closed ends its readers and its connections", async () => {
  const order = await client.execute(ORDER);
  fake.advance(fake.orders[0]!, "pending");
  const stream = await client.stream();
  const streaming = (async () => {
    for await (const _ of stream);
  })();
  const reading = read(order, () => void client.close());
  await assert.rejects(reading, ClientClosed);
  await assert.rejects(streaming, ClientClosed);
  await client.close();
  assert.equal(fake.connections, 0);
  await assert.rejects(read(order), ClientClosed);
});

test("a stream tells of all orders, also of those that it was away for", async () => {
  fake.advance(fake.place(), ...STATUSES);
  const running = fake.place();
  fake.advance(running, "pending", "routing");
  const stream = await client.stream();
  const seen = new Map<string, number[]>();
  const placed = fake.place();
  fake.advance(running, ...STATUSES.slice(2));
  fake.advance(placed, "pending");
  for await (const { orderId, seq } of stream) {
    seen.set(orderId, [...(seen.get(orderId) ?? []), seq]);
    if (orderId === placed.orderId && seq === 1) {
      fake.drop();
      for (const next of STATUSES.slice(1)) fake.record(placed, next);
      const missed = fake.place();
      for (const next of STATUSES) fake.record(missed, next);
    }
    if (seen.size === 3 && [...seen.values()].every((seqs) => seqs.length === 6)) break;
  }
  assert.deepEqual([...seen.keys()].sort(), fake.orders.slice(1).map((order) => order.orderId));
  for (const seqs of seen.values()) assert.deepEqual(seqs, SEQS);
  assert.ok(fake.frames.every((frame) => frame.orderId !== fake.orders[0]?.orderId), "it was over before");
});

test("a runtime without a WebSocket is told what to do", async () => {
  const bare = fake.client({ webSocket: undefined });
  const { WebSocket } = globalThis;
  Reflect.deleteProperty(globalThis, "WebSocket");
  try {
    const order = await bare.execute(ORDER);
    await assert.rejects(read(order), /give the client that of the package ws/);
  } finally {
    if (WebSocket !== undefined) globalThis.WebSocket = WebSocket;
  }
});

test("a stream that cannot be opened throws", async () => {
  fake.key = "another";
  await assert.rejects(client.stream(), Unauthorized);
  fake.key = "local";
  fake.refusals = 100;
  await assert.rejects(client.stream(), NoWebSocket);
});
