// Calls of the HTTP API: what is sent, what is repeated, what is thrown.

import assert from "node:assert/strict";
import { after, beforeEach, test } from "node:test";

import {
  BadAddress,
  BadRequest,
  Client,
  ClientClosed,
  Conflict,
  ConnectionLost,
  DexecError,
  Invalid,
  NotFound,
  type QuoteRequest,
  RateLimited,
  ServerError,
  Unauthorized,
  Unavailable,
} from "../src/index.js";
import { CLIENT_ORDER_ID } from "../src/models.js";
import { pauseMs, RETRY } from "../src/retry.js";
import { BALANCES, Fake, NOW, problem, thrown, TOKENS } from "./fake.js";

const ORDER = { tokenIn: "SOL", tokenOut: "USDC", amount: "1.5" };

let fake: Fake;
let client: Client;

beforeEach(async () => {
  await fake?.stop();
  fake = await new Fake().start();
  client = fake.client();
});
after(() => fake.stop());

test("an order is sent as the API takes it, under a key of its own", async () => {
  const wish = { ...ORDER, slippageBps: 50, minAmountOut: "200", deadline: 60, mode: "exactIn" } as const;
  const order = await client.execute({ ...wish, clientOrderId: "mine" });
  await client.execute(ORDER);
  assert.deepEqual(fake.orders[0]?.body, { ...wish, [CLIENT_ORDER_ID]: "mine" });
  assert.deepEqual(fake.orders[1]?.body, ORDER);
  assert.equal(order.id, fake.orders[0]?.orderId);
  assert.equal(order.status, "pending");
  assert.equal(order.startsAt, NOW);
  assert.equal(order.clientOrderId, "mine");
  assert.equal(order.idempotencyKey, fake.keys[0]);
  assert.equal(new Set(fake.keys).size, 2);
});

test("an order whose answer is lost is placed once", async () => {
  fake.instead.push({ status: 502 }, { status: 0 }, { status: 503 }, { status: 504 });
  const seen: number[] = [];
  const told = fake.client({ onRetry: (error) => seen.push(error instanceof Unavailable ? error.status : 0) });
  const order = await told.execute(ORDER);
  assert.equal(fake.orders.length, 1);
  assert.equal(order.id, fake.orders[0]?.orderId);
  assert.equal(fake.keys.length, 5);
  assert.deepEqual([...new Set(fake.keys)], [order.idempotencyKey]);
  assert.deepEqual(seen, [502, 0, 503, 504]);
});

test("a client that gives up says that the fate is unknown, and under which key to go on", async () => {
  // The last answer says that nothing was stored by that try; the first one does not.
  const away = problem(503, "unavailable", "the store is away");
  fake.instead.push({ status: 502 }, away, away, away, away);
  const error = await thrown(client.execute(ORDER));
  assert.ok(error instanceof Unavailable && error.isUnknown && error.status === 502);
  const order = await client.execute({ ...ORDER, idempotencyKey: error.idempotencyKey });
  assert.equal(fake.orders.length, 1);
  assert.equal(order.id, fake.orders[0]?.orderId);
});

test("an empty idempotency key is refused and not sent", async () => {
  await assert.rejects(client.execute({ ...ORDER, idempotencyKey: "" }), /the idempotency key is empty/);
  assert.deepEqual(fake.keys, []);
});

test("what is refused is not sent again", async () => {
  fake.instead.push(problem(429, "too_many_orders", "the backlog is full", { retryAfter: 3 }));
  await assert.rejects(client.execute(ORDER), (error) => error instanceof RateLimited && error.retryAfterS === 3);
  assert.equal(fake.keys.length, 1);
});

test("reads are repeated, also when they came too often", async () => {
  const soon = { headers: { "retry-after": "0" } };
  fake.instead.push({ status: 0 }, { ...problem(429, "too_many_reads", "slow down"), ...soon }, { status: 503 });
  assert.deepEqual(await client.balances(), BALANCES);
  assert.deepEqual(await client.tokens(), TOKENS);
  assert.equal(fake.requests.length, 5);
});

test("Retry-After is honoured, and left to the caller when it is far", async () => {
  assert.ok(pauseMs(1, new RateLimited("", 429, {}, 7), RETRY) >= 7000);
  assert.ok(pauseMs(1, new ConnectionLost(""), RETRY) <= 200);
  assert.ok(pauseMs(50, new ConnectionLost(""), RETRY) <= 5000);
  fake.instead.push({ ...problem(503, "unavailable", "later"), headers: { "retry-after": "31" } });
  await assert.rejects(client.balances(), (error) => error instanceof Unavailable && error.retryAfterS === 31);
  assert.equal(fake.requests.length, 1);
});

const KINDS = [
  [400, BadRequest],
  [401, Unauthorized],
  [403, Unauthorized],
  [404, NotFound],
  [409, Conflict],
  [413, BadRequest],
  [422, Invalid],
  [429, RateLimited],
  [500, ServerError],
  [503, Unavailable],
] as const;

test("each status has a class of its own", async () => {
  const once = fake.client({ retry: { tries: 1 } });
  for (const [status, kind] of KINDS) {
    const errors = [{ field: "amount", message: "must be more than 0" }];
    fake.instead.push(problem(status, "some_code", "amount: must be more than 0", { errors }));
    const error = await thrown(once.balances());
    assert.ok(error instanceof kind && error instanceof DexecError, String(status));
    assert.equal(error.name, kind.name);
    assert.equal(error.message, "amount: must be more than 0");
    assert.equal(error.code, "some_code");
    assert.equal(error.isUnknown, status === 500, "what failed may have stored the order before");
    if (error instanceof Invalid) assert.deepEqual(error.fields, { amount: "must be more than 0" });
  }
});

test("a gateway whose function crashed says nothing of the order", async () => {
  fake.instead.push({ status: 500, body: "<h1>Internal Server Error</h1>" });
  const error = await thrown(client.execute(ORDER));
  assert.ok(error instanceof ServerError && error.isUnknown && error.idempotencyKey === fake.keys[0]);
  assert.equal(fake.keys.length, 1);
});

test("what is no deployment is told as such, and gets no key by a redirect", async () => {
  const elsewhere = { status: 302, body: {}, headers: { location: "/api/tokens" } };
  fake.instead.push({ status: 200, body: "<html>" }, elsewhere);
  await assert.rejects(client.balances(), BadAddress);
  await assert.rejects(client.balances(), BadAddress);
  assert.equal(fake.requests.length, 2);
  assert.throws(() => fake.client({ url: "localhost:4566" }), BadAddress);
});

test("no answer in time is a lost one", async () => {
  const slow = fake.client({ retry: { tries: 1 }, timeoutMs: 20, fetch: hanging });
  await assert.rejects(slow.execute(ORDER), (error) => error instanceof ConnectionLost && error.isUnknown);
});

test("a signal ends a call, and the pause before the next try", async () => {
  const reason = new Error("enough");
  await assert.rejects(client.balances({ signal: AbortSignal.abort(reason) }), reason);
  const abort = new AbortController();
  const retry = { firstPauseMs: 60_000, longestPauseMs: 60_000, longestWaitMs: 60_000 };
  const patient = fake.client({ retry, onRetry: () => abort.abort(reason) });
  fake.instead.push({ status: 502 });
  await assert.rejects(patient.execute(ORDER, { signal: abort.signal }), reason);
});

test("a client that is closed does nothing more", async () => {
  const waiting = fake.client({ fetch: hanging });
  const call = waiting.balances();
  await waiting.close();
  await assert.rejects(call, ClientClosed);
  await assert.rejects(waiting.execute(ORDER), ClientClosed);
  assert.deepEqual(fake.requests, []);
});

test("orders are read page by page, as far as they are wanted", async () => {
  for (let number = 0; number < 250; number += 1) fake.place();
  const ids: string[] = [];
  for await (const order of client.orders({ status: "pending" })) ids.push(order.orderId);
  assert.deepEqual(ids, fake.orders.map((order) => order.orderId).reverse());
  const page = "GET /api/orders?status=pending&limit=100";
  assert.deepEqual(fake.requests, [page, `${page}&cursor=100`, `${page}&cursor=200`]);
  for await (const _ of client.orders()) break;
  assert.equal(fake.requests.length, 4);
  let count = 0;
  for await (const _ of client.orders({ limit: 130 })) count += 1;
  assert.equal(count, 130);
  assert.deepEqual(fake.requests.slice(4), ["GET /api/orders?limit=100", "GET /api/orders?limit=30&cursor=100"]);
});

test("a quote is asked for by its fields", async () => {
  const asked = { tokenIn: "SOL", tokenOut: "USDC", amount: "2", slippageBps: 50 };
  const wish: QuoteRequest & { idempotencyKey: string } = { ...asked, idempotencyKey: "is no field of a quote" };
  const quote = (await client.quote(wish)) as unknown as { asked: object };
  assert.deepEqual(quote.asked, { ...asked, slippageBps: "50" });
});

/** Answers nothing until it is aborted. */
const hanging: typeof fetch = (_, init) =>
  new Promise((_resolve, reject) => init?.signal?.addEventListener("abort", () => reject(init.signal?.reason)));
