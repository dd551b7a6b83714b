// How many orders wait for their slot under the rate limit, and when there is room.

import { get } from "./api.js";
import { $, setText } from "./dom.js";
import { allOrders } from "./orders.js";
import { duration } from "./words.js";

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

function waitingWords(starts, now) {
	const seconds = (at) => duration(Math.ceil((at - now) / 1000) * 1000).replace(/\.0+ s$/, " s");
	const last = starts.at(-1);
	const room = starts.length > 1 ? `, the last in ${seconds(last)}` : "";
	return `${starts.length.toLocaleString("en")} wait for a slot: the next starts in ${seconds(starts[0])}${room}; a new order would start after them.`;
}
