// The orders this page knows. Events come from API and stream, in any order and more than once; each
// counts once, by its seq.

import { isWaiting, TERMS } from "./terms.js";

const CARRIED = ["clientOrderId", "mode", "tokenIn", "tokenOut", "amount", "slippageBps", "signature", "fill", "error", "startsAt"];
// What only the first event says of the request: a route's event names its own limit alike.
const ASKED = ["minAmountOut", "maxAmountIn", "deadline", "priceUnit", "entryId", "exitId", ...TERMS];
const OVER = new Set(["confirmed", "failed", "cancelled", "expired"]);
const byId = new Map();
const sorted = [];
const touched = new Set();
let changed;

/** `listener(order)` is called with every order that is new or has changed. */
export const onChange = (listener) => (changed = listener);

/** The order with this id, if known. */
export const findOrder = (id) => byId.get(id);

/** All orders, newest first: ids are UUIDv7 and sort by time. Not to be changed. */
export const allOrders = () => sorted;

/** The ids of orders that are new or have changed since this was last asked. */
export function takeTouched() {
	const ids = new Set(touched);
	touched.clear();
	return ids;
}

/** Whether nothing more will happen to the order. */
export const isOver = (order) => OVER.has(order.status);

/** The order's events, oldest first. */
export const eventsOf = (order) => [...order.events.values()].sort((a, b) => a.seq - b.seq);

/** The last seq up to which no event is missing that the API still has: of a long history it has the last ones. */
export function knownUpTo(order) {
	let seq = order.whole ?? 0;
	while (order.events.has(seq + 1)) seq += 1;
	return seq;
}

/** Milliseconds from acceptance, or from when it was due, to the end; NaN before that. */
export function totalMs(order) {
	if (!isOver(order)) return NaN;
	return Date.parse(order.updatedAt) - Date.parse(dueAt(order));
}

// What waits is due when it is triggered; what was due at once has no such event.
function dueAt(order) {
	const events = eventsOf(order);
	const due = events.findLast((event) => event.status === "triggered") ?? events.find((event) => event.status === "pending");
	return isWaiting(order) ? due?.at : order.createdAt;
}

/**
 * How long a confirmed order waited for its turn, and how long it was executed, in ms. Its turn comes with its
 * first routing, or where its events are not here, with the slot that it was given.
 */
export function splitMs(order) {
	const turn = eventsOf(order).find((event) => event.status === "routing")?.at ?? order.startsAt ?? order.createdAt;
	const [accepted, started, ended] = [order.createdAt, turn, order.updatedAt].map((at) => Date.parse(at));
	return { waiting: Math.max(0, started - accepted), executing: ended - Math.max(accepted, started) };
}

/** Takes in what the API says; an outdated answer only fills what is empty. */
export function mergeOrder({ events = [], ...summary }) {
	const { orderId, seq = 0 } = summary;
	const order = byId.get(orderId) ?? { orderId, seq: 0, attempt: 1, events: new Map() };
	if (seq >= order.seq) Object.assign(order, summary);
	else for (const [name, value] of Object.entries(summary)) order[name] ??= value;
	if (!byId.has(orderId)) insert(order);
	if (events.length) order.whole = Math.max(order.whole ?? 0, seq);
	take(order, events);
}

/** Takes in a status frame and returns its order. */
export function applyFrame({ orderId, earlier = [], type, ...latest }) {
	if (!byId.has(orderId)) mergeOrder({ orderId });
	take(byId.get(orderId), [...earlier, latest]);
	return byId.get(orderId);
}

function insert(order) {
	byId.set(order.orderId, order);
	// New ones come first, those of an older page last: seldom anything is passed.
	let place = sorted.length && order.orderId < sorted.at(-1).orderId ? sorted.length : 0;
	while (place < sorted.length && sorted[place].orderId > order.orderId) place += 1;
	sorted.splice(place, 0, order);
}

function take(order, events) {
	touched.add(order.orderId);
	for (const event of events) if (!order.events.has(event.seq)) add(order, event);
	changed(order);
}

function add(order, event) {
	order.events.set(event.seq, event);
	const { seq, status, attempt, at } = event;
	if (seq === 1) order.createdAt = at;
	// What an order waits for is as it was asked for last.
	if (event.step === "amended" && seq >= order.seq) for (const name of ASKED) order[name] = event[name] ?? order[name];
	else if (seq === 1) {
		for (const name of ASKED) order[name] ??= event[name];
	}
	if (seq < order.seq) for (const name of CARRIED) order[name] ??= event[name];
	else {
		for (const name of CARRIED) order[name] = event[name] ?? order[name];
		Object.assign(order, { seq, status, attempt, updatedAt: at });
	}
	if (event.step === "quotes" && attempt === order.attempt) order.route = event;
	// That of an attempt is not the order's.
	if ((status === "confirmed" || !isOver(order)) && seq === order.seq) order.error = null;
}
