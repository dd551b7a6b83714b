// What becomes of the orders placed here, told in one toast for each press of a button.

import { revealOrder } from "./blotter.js";
import { findOrder, isOver } from "./orders.js";
import { toast } from "./toast.js";
import { errorWords, word } from "./words.js";

const LASTS_MS = 12_000;
const batches = new Map();
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
export function outcomeChanged({ orderId }) {
	if (batches.has(orderId)) draw(batches.get(orderId));
}

function draw(ids) {
	const orders = ids.map(findOrder).filter((order) => order?.tokenIn);
	if (!orders.length) return;
	const open = orders.filter((order) => !isOver(order)).length;
	const failed = orders.filter((order) => order.status === "failed").length;
	toast(ids[0], ids.length === 1 ? oneWords(orders[0]) : manyWords(orders.length, open, failed), {
		tone: failed ? "bad" : open ? "" : "good",
		action: { label: ids.length === 1 ? "Show order" : "Show orders", run: () => jumpTo(ids.at(-1)) },
		lastsMs: open ? 0 : LASTS_MS,
	});
	if (!open) for (const id of ids) batches.delete(id);
}

function oneWords(order) {
	const why = errorWords(order.error);
	return `${word(order.status)}: ${callbacks.swapWords(order)}${why && `. ${why}`}`;
}

function manyWords(all, open, failed) {
	const counts = [[all - open - failed, "confirmed"], [failed, "failed"], [open, "on the way"]];
	const parts = counts.filter(([count]) => count).map(([count, name]) => `${count} ${name}`);
	return `${all} orders: ${parts.join(", ")}`;
}

// To its row, which then has the focus; an order that the list cannot show is opened.
function jumpTo(orderId) {
	if (!revealOrder(orderId)) callbacks.open(orderId);
}
