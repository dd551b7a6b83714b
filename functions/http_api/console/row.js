// One row of the list of orders.

import { show } from "./amounts.js";
import { h, setText } from "./dom.js";
import { eventsOf, isOver, totalMs } from "./orders.js";
import { conditionsOf, isWaiting, shortWords, typeWords } from "./terms.js";
import { clock, duration, errorWords, word } from "./words.js";

const STATIONS = ["pending", "routing", "building", "submitted", "confirmed"];
const STRETCHES = ["queue", "route", "build", "land"];

/** "10 SOL → 1,540.2 USDC" with what is known: filled, else routed, else asked for. */
export function swapWords(order) {
	const side = (name, exact) => {
		const known = order.fill?.[name] ?? order.route?.[name] ?? order[name] ?? (exact ? order.amount : null);
		return known === null || order.status === "held" ? "" : `${show(known, 6)} `;
	};
	const exactIn = order.mode !== "exactOut";
	return `${side("amountIn", exactIn)}${order.tokenIn} → ${side("amountOut", !exactIn)}${order.tokenOut}`;
}

/** A row: its `node`, and `update(order)`. `onOpen()` when it is picked. */
export function makeRow(id, onOpen) {
	const rail = makeRail();
	const [time, total, status] = ["time", "total", "status"].map((name) => h("div", { class: name, role: "cell" }));
	const swap = h("button", { class: "swap" });
	const note = h("small");
	const what = h("div", { class: "what", role: "cell" }, swap, note);
	const cells = [time, what, h("div", { role: "cell" }, rail.node), total, status];
	// The whole row takes the pointer, the button in it keyboard and screen reader.
	const node = h("div", { class: "row", role: "row", data: { id }, onclick: onOpen }, cells);
	const update = (order) => {
		node.dataset.status = order.status;
		setText(time, clock(order.createdAt));
		setText(swap, swapWords(order));
		setText(note, noteWords(order));
		setText(total, duration(totalMs(order)));
		setText(status, word(order.status));
		rail.update(order);
	};
	return { node, update };
}

function noteWords(order) {
	const waits = isWaiting(order) && !isOver(order) && (conditionsOf(order).map(shortWords).join(" or ") || typeWords(order));
	const attempt = !waits && order.attempt > 1 && `attempt ${order.attempt}`;
	const isQueued = order.status === "pending" && Date.parse(order.startsAt) > Date.now();
	const starts = isQueued && `starts ${clock(order.startsAt)}`;
	const parts = [errorWords(order.error), waits, starts, attempt, order.clientOrderId].filter(Boolean);
	return parts.join(" · ") || `…${order.orderId.slice(-8)}`;
}

// The progress rail: four stretches between the five stations of an order, each with its time.
function makeRail() {
	const parts = STRETCHES.map(() => h("span", {}, h("i"), h("small")));
	const node = h("div", { class: "rail", role: "img" }, parts);
	const update = (order) => {
		const times = stationTimes(order);
		const taken = STRETCHES.map((_, index) => times[index + 1] - times[index]);
		const reached = isOver(order) ? times.findLastIndex(Boolean) : STATIONS.indexOf(order.status === "triggered" ? "pending" : order.status);
		parts.forEach((part, index) => {
			const state = stateOf(index - reached, order.status);
			if (part.dataset.state !== state) part.dataset.state = state;
			setText(part.lastChild, duration(taken[index]));
		});
		const words = STRETCHES.map((name, index) => taken[index] >= 0 && `${name} ${duration(taken[index])}`);
		node.setAttribute("aria-label", [word(order.status), ...words.filter(Boolean)].join(", "));
	};
	return { node, update };
}

function stateOf(distance, status) {
	if (distance) return distance < 0 ? "done" : "todo";
	return { failed: "failed", cancelled: "todo", expired: "todo" }[status] ?? "doing";
}

// When each station was last reached; "routing" first, so that "route" includes what failed attempts cost.
function stationTimes(order) {
	let at = {};
	for (const { status, at: time } of eventsOf(order)) {
		if (status === "triggered") at = { pending: Date.parse(time) };
		if (status !== "routing" || !at.routing) at[status] = Date.parse(time);
	}
	return STATIONS.map((station) => at[station]);
}
