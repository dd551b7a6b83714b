// The list of orders. Rows are placed by transform: a new one moves the others without a layout shift.

import { show } from "./amounts.js";
import { $, h, on, setText } from "./dom.js";
import { complete, isAll, isStarted, loadOlder, pageOf } from "./history.js";
import { allOrders, eventsOf, findOrder, isOver, totalMs } from "./orders.js";
import { clock, duration, errorWords, word } from "./words.js";

const STATIONS = ["pending", "routing", "building", "submitted", "confirmed"];
const STRETCHES = ["queue", "route", "build", "land"];
const rows = new Map();
const inView = new IntersectionObserver((entries) => {
	for (const entry of entries) if (entry.isIntersecting) complete(findOrder(entry.target.dataset.id));
});
let filter = "all";
let frame;
let open;
let failed;

/** Starts it; `onOpen(orderId)` when an order is picked, `onProblem` when loading fails. */
export function startBlotter({ onOpen, onProblem }) {
	[open, failed] = [onOpen, onProblem];
	on("filters", "click", ({ target }) => target.value && choose(target.value));
	on("older", "click", older);
}

/** Brings the list up to date with the next frame; many calls before it are one. */
export function drawOrders() {
	cancelAnimationFrame(frame);
	frame = requestAnimationFrame(draw);
}

/** "10 SOL → 1,540.2 USDC" with what is known: filled, else routed, else asked for. */
export function swapWords(order) {
	const side = (name, exact) => {
		const known = order.fill?.[name] ?? order.route?.[name] ?? order[name] ?? (exact ? order.amount : null);
		return known === null ? "" : `${show(known, 6)} `;
	};
	const exactIn = order.mode !== "exactOut";
	return `${side("amountIn", exactIn)}${order.tokenIn} → ${side("amountOut", !exactIn)}${order.tokenOut}`;
}

function draw() {
	let count = 0;
	allOrders().forEach((order, index) => {
		const row = rows.get(order.orderId) ?? add(order.orderId, index);
		row.node.hidden = !isShown(order);
		row.node.style.setProperty("--place", row.node.hidden ? 0 : count++);
		row.update(order);
	});
	$("rows").style.setProperty("--count", count);
	describe(count);
}

function describe(count) {
	const page = pageOf(filter);
	const none = filter === "all" ? "No orders yet." : `No ${filter} orders.`;
	setText($("none"), count || page.loading || !isStarted(page) ? "" : none);
	setText($("shown"), page.loading ? "Loading…" : `${count} shown${isAll(page) ? ", all there are" : ""}`);
	$("older").disabled = isAll(page) || page.loading;
}

function isShown(order) {
	const page = pageOf(filter);
	const fits = filter === "all" || filter === order.status || (filter === "open" && !isOver(order));
	return fits && order.tokenIn !== undefined && (isAll(page) || order.orderId >= page.oldest);
}

function add(id, index) {
	const row = makeRow(id);
	rows.set(id, row);
	$("rows").insertBefore(row.node, $("rows").children[index] ?? null);
	inView.observe(row.node);
	return row;
}

function choose(wanted) {
	filter = wanted;
	for (const button of $("filters").children) button.setAttribute("aria-pressed", button.value === filter);
	if (isStarted(pageOf(filter))) drawOrders();
	else older();
}

async function older() {
	const loading = loadOlder(filter).catch(failed);
	drawOrders();
	await loading;
	drawOrders();
}

function makeRow(id) {
	const rail = makeRail();
	const [time, total, status] = ["time", "total", "status"].map((name) => h("div", { class: name, role: "cell" }));
	const swap = h("button", { class: "swap" });
	const note = h("small");
	const what = h("div", { class: "what", role: "cell" }, swap, note);
	const cells = [time, what, h("div", { role: "cell" }, rail.node), total, status];
	// The whole row takes the pointer, the button in it keyboard and screen reader.
	const node = h("div", { class: "row", role: "row", data: { id }, onclick: () => open(id) }, cells);
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
	const attempt = order.attempt > 1 && `attempt ${order.attempt}`;
	const waits = order.status === "pending" && Date.parse(order.startsAt) > Date.now();
	const starts = waits && `starts ${clock(order.startsAt)}`;
	const parts = [errorWords(order.error), starts, attempt, order.label].filter(Boolean);
	return parts.join(" · ") || `…${order.orderId.slice(-8)}`;
}

// The progress rail: four stretches between the five stations of an order, each with its time.
function makeRail() {
	const parts = STRETCHES.map(() => h("span", {}, h("i"), h("small")));
	const node = h("div", { class: "rail", role: "img" }, parts);
	const update = (order) => {
		const times = stationTimes(order);
		const taken = STRETCHES.map((_, index) => times[index + 1] - times[index]);
		const reached = order.status === "failed" ? times.findLastIndex(Boolean) : STATIONS.indexOf(order.status);
		parts.forEach((part, index) => {
			part.dataset.state = stateOf(index - reached, order.status);
			setText(part.lastChild, duration(taken[index]));
		});
		const words = STRETCHES.map((name, index) => taken[index] >= 0 && `${name} ${duration(taken[index])}`);
		node.setAttribute("aria-label", [word(order.status), ...words.filter(Boolean)].join(", "));
	};
	return { node, update };
}

function stateOf(distance, status) {
	if (distance) return distance < 0 ? "done" : "todo";
	return status === "failed" ? "failed" : "doing";
}

// When each station was last reached; "routing" first, so that "route" includes what failed attempts cost.
function stationTimes(order) {
	const at = {};
	for (const { status, at: time } of eventsOf(order)) {
		if (status !== "routing" || !at.routing) at[status] = Date.parse(time);
	}
	return STATIONS.map((station) => at[station]);
}
