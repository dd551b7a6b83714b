// Which orders the list shows: a status, and what narrows it down further.

import { $, h, on, setText } from "./dom.js";
import { isOver } from "./orders.js";
import { errorWords } from "./words.js";

const NARROWING = ["find", "of-pair", "of-label", "since"];
const offered = new Map();
let status = "all";
let words = [];

/** Starts it; `onChosen()` whenever something else is asked for. */
export function startFilters(onChosen) {
	on("filters", "click", ({ target }) => {
		const button = target.closest("button");
		if (!button) return;
		chooseStatus(button.value);
		onChosen();
	});
	for (const id of NARROWING) on(id, "input", () => read() || onChosen());
	on("clear", "click", () => {
		clearFilters(status);
		onChosen();
	});
	read();
}

/** The status that is chosen: "all", "open", or one of those in which orders end. */
export const chosenStatus = () => status;

/** Whether anything but the status narrows the list down. */
export const isNarrowed = () => NARROWING.some((id) => $(id).value.trim());

/** From when on orders are asked for, in ms; 0 for all. */
export const sinceMs = () => Number($("since").value) && Date.now() - 1000 * Number($("since").value);

/** Whether an order has the status that is chosen. */
export const hasStatus = (order) => status === "all" || status === order.status || (status === "open" && !isOver(order));

/** Whether an order is among those that are asked for beside the status. */
export function fits(order) {
	const { pair, label } = keysOf(order);
	const [wantedPair, wantedLabel] = [$("of-pair").value, $("of-label").value];
	if ((wantedPair && pair !== wantedPair) || (wantedLabel && label !== wantedLabel)) return false;
	if (Date.parse(order.createdAt) < sinceMs()) return false;
	if (!words.length) return true;
	const text = [order.orderId, order.signature, label, pair, order.amount, order.status, errorWords(order.error)].join(" ").toLowerCase();
	return words.every((word) => text.includes(word));
}

/** Chooses a status and nothing else. */
export function clearFilters(wanted) {
	for (const id of NARROWING) $(id).value = "";
	chooseStatus(wanted);
	read();
}

/** Offers the pairs and labels of these orders, and says how many are open. */
export function offer(orders) {
	const [pairs, labels] = [new Set(), new Set()];
	let open = 0;
	for (const order of orders) {
		if (!isOver(order)) open += 1;
		if (order.tokenIn) pairs.add(keysOf(order).pair);
		if (order.clientOrderId) labels.add(order.clientOrderId);
	}
	setText($("open-count"), open.toLocaleString("en"));
	fill("of-pair", pairs);
	fill("of-label", labels);
}

const keysOf = ({ tokenIn, tokenOut, clientOrderId }) => ({ pair: `${tokenIn} → ${tokenOut}`, label: clientOrderId ?? "" });

function chooseStatus(wanted) {
	status = wanted;
	for (const button of $("filters").children) button.setAttribute("aria-pressed", button.value === status);
}

function read() {
	words = $("find").value.toLowerCase().split(/\s+/).filter(Boolean);
	$("clear").hidden = !isNarrowed();
}

// Options change where there is something new only: an open list of them stays as it is.
function fill(id, values) {
	const list = [...values].sort();
	const name = JSON.stringify(list);
	if (offered.get(id) === name) return;
	offered.set(id, name);
	const [any] = $(id).options;
	const { value } = $(id);
	$(id).replaceChildren(any, ...list.map((one) => h("option", { value: one }, one)));
	$(id).value = values.has(value) ? value : "";
}
