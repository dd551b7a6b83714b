// How many orders wait for their slot under the rate limit, and when there is room.

import { get } from "./api.js";
import { $, setText } from "./dom.js";
import { allOrders } from "./orders.js";

const EVERY_MS = 1000;
let limits;

/** Starts it. */
export function startQueue() {
	get("config").then((config) => {
		limits = config;
		drawQueue();
	}, () => {});
	setInterval(drawQueue, EVERY_MS);
}

/** Draws how it stands now. */
export function drawQueue() {
	const now = Date.now();
	const starts = allOrders()
		.filter((order) => order.status === "pending")
		.map((order) => Date.parse(order.startsAt))
		.filter((at) => at > now)
		.sort((a, b) => a - b);
	$("queue").dataset.state = starts.length ? "waiting" : "free";
	$("queue-depth").value = starts.length;
	$("queue-depth").max = Math.max(starts.length, $("queue-depth").max, 1);
	if (!starts.length) $("queue-depth").max = 1;
	setText($("queue-words"), starts.length ? waitingWords(starts, now) : freeWords());
}

function freeWords() {
	if (!limits) return "";
	return `No order waits for a slot. ${limits.ordersPerMinute} orders start a minute, ${limits.orderBurst} at once, unless your key has its own limit.`;
}

function span(ms) {
	const seconds = Math.ceil(ms / 1000);
	if (seconds < 120) return `${seconds} s`;
	return seconds < 7200 ? `${Math.ceil(seconds / 60)} min` : `${Math.ceil(seconds / 3600)} h`;
}

function waitingWords(starts, now) {
	const last = starts.length > 1 ? `, the last in ${span(starts.at(-1) - now)}` : "";
	const count = starts.length === 1 ? "1 order waits" : `${starts.length.toLocaleString("en")} orders wait`;
	return `${count} for a slot: the next starts in ${span(starts[0] - now)}${last}. A new order would start after that.`;
}
