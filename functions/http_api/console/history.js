// Orders from the API: page by page, and one by one with their events.

import { get } from "./api.js";
import { allOrders, findOrder, isOver, knownUpTo, mergeOrder } from "./orders.js";

const FIRST_PAGE = 25;
const LATER_PAGE = 100;
const MOST_PAGES = 20;
const AT_ONCE = 2;
const STATUS = { open: "active", confirmed: "confirmed", failed: "failed", cancelled: "cancelled", expired: "expired" };
const pages = new Map();
const waiting = new Set();
const underWay = new Set();
let running = 0;

/** How far a filter's history is loaded: down to `oldest`, without holes. */
export function pageOf(filter) {
	const status = STATUS[filter] ?? null;
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

/** Loads a filter's pages until the one that holds `time` (ms), or the last. Raises `Problem`. */
export async function loadSince(filter, time) {
	const page = pageOf(filter);
	for (let count = 0; count < MOST_PAGES && !covers(page, time); count += 1) await loadOlder(filter);
}

/** Whether everything since a time (ms) is loaded. */
export const covers = (page, time) => isAll(page) || Date.parse(findOrder(page.oldest)?.createdAt) < time;

/**
 * Loads the newest page, and all open orders, again; a hole between that page and the orders known is left to
 * "older". What was open here and is not any more is loaded anew. Raises `Problem`.
 */
export async function catchUp() {
	const before = allOrders().filter((order) => order.seq && !isOver(order));
	const [open] = await Promise.all([loadOpen(), catchUpNewest()]);
	for (const order of before) if (!open.has(order.orderId) && !isOver(order)) loadOrder(order.orderId);
}

async function loadOpen() {
	const page = pageOf("open");
	const [ids, found] = [new Set(), { orders: [], nextCursor: null }];
	do {
		const answer = await load(page.status, found.nextCursor, LATER_PAGE);
		for (const { orderId } of answer.orders) ids.add(orderId);
		Object.assign(found, answer);
	} while (found.nextCursor && ids.size < MOST_PAGES * LATER_PAGE);
	reached(page, found);
	return ids;
}

async function catchUpNewest() {
	const known = new Set(allOrders().map((order) => order.orderId));
	const answer = await load(null, null);
	const page = pageOf("all");
	if (!isStarted(page) || !answer.orders.some((order) => known.has(order.orderId))) reached(page, answer);
}

/** Loads an order's events if it is over without all being here; while it is open, the stream delivers them. */
export function complete(order) {
	if (isOver(order) && knownUpTo(order) < order.seq && !underWay.has(order.orderId)) loadOrder(order.orderId);
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
	underWay.add(orderId);
	running += 1;
	try {
		mergeOrder(await get(`orders/${encodeURIComponent(orderId)}`));
	} catch (problem) {
		// What ended while the page was away would look open for ever.
		if (problem.unknown || problem.status === 429) setTimeout(loadOrder, problem.againMs, orderId);
	} finally {
		underWay.delete(orderId);
		running -= 1;
		next();
	}
}

async function load(status, cursor, limit = cursor ? LATER_PAGE : FIRST_PAGE) {
	const answer = await get("orders", { limit, status, cursor });
	answer.orders.forEach(mergeOrder);
	return answer;
}

function reached(page, { orders, nextCursor = null }) {
	Object.assign(page, { cursor: nextCursor, oldest: orders.at(-1)?.orderId ?? page.oldest });
}
