// What becomes of the orders placed here, told in one toast for each press of a button.

import { revealOrder } from "./blotter.js";
import { findOrder, isOver } from "./orders.js";
import { isWaiting, rests, sentenceOf } from "./terms.js";
import { toast } from "./toast.js";
import { errorWords, word } from "./words.js";

const LASTS_MS = 12_000;
const NEWS = new Set(["triggered", "confirmed", "failed", "cancelled", "expired"]);
const batches = new Map();
const last = new Map();
let callbacks;

/** Starts it: `swapWords(order)` names an order, `open(orderId)` shows one whose row is not in the list. */
export const startOutcomes = (handlers) => (callbacks = handlers);

/** Follows orders that were accepted together. */
export function followOutcome(orderIds) {
	const [first] = orderIds;
	for (const id of orderIds) batches.set(id, orderIds);
	if (first) draw(orderIds);
}

/** An order has changed. */
export function outcomeChanged(order) {
	const { orderId, status } = order;
	const before = last.get(orderId);
	last.set(orderId, status);
	if (batches.has(orderId)) return draw(batches.get(orderId));
	// What waited is told of whenever it came here; what is listed for the first time is no news.
	if (!isWaiting(order) || !before || before === status || !NEWS.has(status)) return;
	show([order]);
}

function draw(ids) {
	const orders = ids.map(findOrder).filter((order) => order?.tokenIn);
	if (!orders.length) return;
	if (!show(orders)) for (const id of ids) batches.delete(id);
}

// Returns how many are on their way. What waits for a price is not: that may take weeks.
function show(orders) {
	const open = orders.filter((order) => !isOver(order) && !rests(order)).length;
	const failed = orders.filter((order) => order.status === "failed").length;
	const filled = orders.filter((order) => order.status === "confirmed").length;
	toast(orders[0].orderId, orders.length === 1 ? oneWords(orders[0]) : manyWords(orders, open, failed, filled), {
		tone: failed ? "bad" : filled === orders.length ? "good" : "",
		action: { label: orders.length === 1 ? "Show order" : "Show orders", run: () => jumpTo(orders.at(-1).orderId) },
		lastsMs: open ? 0 : LASTS_MS,
	});
	return open;
}

function oneWords(order) {
	const why = errorWords(order.error);
	if (rests(order)) return `Waiting: ${sentenceOf(order)}`;
	return `${word(order.status)}: ${callbacks.swapWords(order)}${why && `. ${why}`}`;
}

function manyWords(orders, open, failed, filled) {
	const waiting = orders.filter(rests).length;
	const counts = [[filled, "confirmed"], [failed, "failed"], [orders.length - filled - failed - open - waiting, "cancelled"], [open, "on the way"], [waiting, "waiting"]];
	const parts = counts.filter(([count]) => count).map(([count, name]) => `${count} ${name}`);
	return `${orders.length} orders: ${parts.join(", ")}`;
}

// To its row, which then has the focus; an order that the list cannot show is opened.
function jumpTo(orderId) {
	if (!revealOrder(orderId)) callbacks.open(orderId);
}
