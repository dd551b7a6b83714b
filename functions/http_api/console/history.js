// Orders from the API: page by page, and one by one with their events.

import { get } from "./api.js";
import { allOrders, isOver, knownUpTo, mergeOrder } from "./orders.js";

const PAGE = 25;
const AT_ONCE = 2;
const pages = new Map();
const waiting = new Set();
let running = 0;

/** How far a filter's history is loaded: down to `oldest`, without holes. */
export function pageOf(filter) {
	const status = ["confirmed", "failed"].includes(filter) ? filter : null;
	if (!pages.has(status)) pages.set(status, { status, oldest: "", loading: false });
	return pages.get(status);
}

/** Whether anything of a filter's history is loaded, and whether all of it is. */
export const isStarted = (page) => page.cursor !== undefined;
export const isAll = (page) => page.cursor === null;

/** Loads a filter's next older page. Raises `Problem`. */
export async function loadOlder(filter) {
	const page = pageOf(filter);
	if (page.loading || isAll(page)) return;
	page.loading = true;
	try {
		reached(page, await load(page.status, page.cursor));
	} finally {
		page.loading = false;
	}
}

/** Loads the newest page again; a hole between it and the orders known is left to "older". */
export async function catchUp() {
	const known = new Set(allOrders().map((order) => order.orderId));
	const answer = await load(null, null);
	const page = pageOf("all");
	if (!isStarted(page) || !answer.orders.some((order) => known.has(order.orderId))) reached(page, answer);
}

/** Loads an order's events if it is over without all being here; while it is open, the stream delivers them. */
export function complete(order) {
	if (isOver(order) && knownUpTo(order) < order.seq) loadOrder(order.orderId);
}

/** Loads an order with its events; a few are loaded at a time. */
export function loadOrder(orderId) {
	waiting.add(orderId);
	next();
}

async function next() {
	const [orderId] = waiting;
	if (!orderId || running >= AT_ONCE) return;
	waiting.delete(orderId);
	running += 1;
	try {
		mergeOrder(await get(`orders/${encodeURIComponent(orderId)}`));
	} catch {
		// The row stays without its times until it is looked at again.
	} finally {
		running -= 1;
		next();
	}
}

async function load(status, cursor) {
	const answer = await get("orders", { limit: PAGE, status, cursor });
	answer.orders.forEach(mergeOrder);
	return answer;
}

function reached(page, { orders, nextCursor = null }) {
	Object.assign(page, { cursor: nextCursor, oldest: orders.at(-1)?.orderId ?? page.oldest });
}
