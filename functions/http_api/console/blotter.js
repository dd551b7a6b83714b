// The list of orders. Only the rows in view are in the document, however many orders there are. They are placed
// by transform: a new one moves the others without a layout shift, and none moves while the pointer is on them.

import { $, on, setText } from "./dom.js";
import { chosenStatus, clearFilters, fits, hasStatus, isNarrowed, offer, sinceMs, startFilters } from "./filters.js";
import { complete, covers, isAll, isStarted, loadOlder, loadSince, pageOf } from "./history.js";
import { allOrders, findOrder, takeTouched } from "./orders.js";
import { makeRow, swapWords } from "./row.js";

export { swapWords };

const SPARE = 6;
const rows = new Map();
let list = [];
let inRange = 0;
let held = null;
let frame;
let open;
let failed;

/** Starts it; `onOpen(orderId)` when an order is picked, `onProblem` when loading fails. */
export function startBlotter({ onOpen, onProblem }) {
	[open, failed] = [onOpen, onProblem];
	startFilters(chosen);
	on("older", "click", older);
	const scroll = $("rows").closest(".scroll");
	scroll.addEventListener("scroll", () => drawOrders(), { passive: true });
	new ResizeObserver(drawOrders).observe(scroll);
	on("rows", "pointermove", (event) => (held ??= event.pointerType === "mouse" ? list : null));
	scroll.addEventListener("pointerleave", release);
}

/** Brings the list up to date with the next frame; many calls before it are one. */
export function drawOrders() {
	cancelAnimationFrame(frame);
	frame = requestAnimationFrame(draw);
}

/** The orders that are listed now, newest first. */
export const listedOrders = () => list;

/** Scrolls to an order's row and gives it the focus; filters that hide it are taken away. False if it is unknown. */
export function revealOrder(orderId) {
	const order = findOrder(orderId);
	if (!order) return false;
	if (!isShown(order)) clearFilters("all");
	held = null;
	draw();
	if (!list.includes(order)) return false;
	const scroll = $("rows").closest(".scroll");
	scroll.scrollTop = list.indexOf(order) * rowHeight() - scroll.clientHeight / 3;
	draw();
	const { node } = rows.get(orderId);
	node.scrollIntoView({ block: "nearest" });
	node.querySelector("button").focus({ preventScroll: true });
	node.classList.remove("fresh");
	requestAnimationFrame(() => node.classList.add("fresh"));
	return true;
}

/** Moves the focus by so many rows, from the one that has it, or to the first. */
export function stepFocus(by) {
	const from = list.findIndex((order) => rows.get(order.orderId)?.node.contains(document.activeElement));
	const order = list[Math.max(0, Math.min(list.length - 1, from < 0 ? 0 : from + by))];
	if (order) revealOrder(order.orderId);
}

function release() {
	if (!held) return;
	held = null;
	drawOrders();
}

function draw() {
	const orders = allOrders();
	const touched = takeTouched();
	const anchor = held || $("rows").closest(".scroll").scrollTop < rowHeight() ? null : firstInView();
	const wanted = orders.filter(isShown);
	inRange = isNarrowed() ? orders.filter(isLoaded).length : wanted.length;
	const listed = new Set(held);
	const waiting = held ? wanted.filter((order) => !listed.has(order)).length : 0;
	list = held ?? wanted;
	$("rows").style.setProperty("--count", list.length);
	const isKept = Boolean(anchor) && list.includes(anchor.order);
	// Rows that stay where they are seen do not glide there.
	$("rows").classList.toggle("still", isKept);
	if (isKept) keepInPlace(anchor);
	place(touched);
	offer(orders);
	describe(waiting);
}

function place(touched) {
	const scroll = $("rows").closest(".scroll");
	const [from, to] = [scroll.scrollTop, scroll.scrollTop + scroll.clientHeight].map((at) => at / rowHeight());
	const first = Math.max(0, Math.floor(from) - SPARE);
	const needed = new Map(list.slice(first, Math.ceil(to) + SPARE).map((order, index) => [order.orderId, first + index]));
	for (const [id, { node }] of rows) {
		if (node.contains(document.activeElement)) keepFocused(id, needed);
		if (needed.has(id)) continue;
		node.remove();
		rows.delete(id);
	}
	$("rows").closest("[role=table]").setAttribute("aria-rowcount", list.length + 1);
	let next = $("rows").firstElementChild;
	for (const [id, index] of needed) {
		const order = findOrder(id);
		const row = rows.get(id) ?? add(order);
		if (row.node === next) next = next.nextElementSibling;
		else $("rows").insertBefore(row.node, next);
		if (row.place !== index) moved(row, index);
		if (row.isNew || touched.has(id)) row.update(order);
		row.isNew = false;
		complete(order);
	}
}

// A row with the focus stays in the document wherever it is, as long as it is listed.
function keepFocused(id, needed) {
	const index = list.findIndex((order) => order.orderId === id);
	if (index < 0 || needed.has(id)) return;
	const entries = [...needed, [id, index]].sort((a, b) => a[1] - b[1]);
	needed.clear();
	for (const entry of entries) needed.set(...entry);
}

function add(order) {
	const row = { ...makeRow(order.orderId, () => open(order.orderId)), isNew: true, place: -1 };
	// Not those of a page that is loaded: what has only just happened.
	if (Date.now() - Date.parse(order.createdAt) < 3000) row.node.classList.add("fresh");
	rows.set(order.orderId, row);
	return row;
}

function moved(row, index) {
	row.place = index;
	row.node.style.setProperty("--place", index);
	row.node.setAttribute("aria-rowindex", index + 2);
}

function firstInView() {
	const { scrollTop } = $("rows").closest(".scroll");
	const order = list[Math.floor(scrollTop / rowHeight())];
	return order && { order, offset: scrollTop - list.indexOf(order) * rowHeight() };
}

function keepInPlace({ order, offset }) {
	const scroll = $("rows").closest(".scroll");
	const wanted = list.indexOf(order) * rowHeight() + offset;
	if (Math.abs(scroll.scrollTop - wanted) > 1) scroll.scrollTop = wanted;
}

const rowHeight = () => Number.parseFloat(getComputedStyle($("rows")).getPropertyValue("--row")) || 60;

function describe(waiting) {
	const page = pageOf(chosenStatus());
	setText($("none"), list.length || page.loading || !isStarted(page) ? "" : noneWords());
	setText($("shown"), page.loading || !isStarted(page) ? "Loading…" : shownWords(page) + heldWords(waiting));
	$("older").disabled = isAll(page) || page.loading;
	$("export").disabled = !list.length;
}

const named = (count) => `${chosenStatus() === "all" ? "" : `${chosenStatus()} `}order${count === 1 ? "" : "s"}`;

function noneWords() {
	if (isNarrowed()) return `None of ${inRange.toLocaleString("en")} ${named(inRange)} match.`;
	return chosenStatus() === "all" ? "No orders yet." : `No ${named(2)}.`;
}

// How many are listed, of how many, and whether that is all there are.
function shownWords(page) {
	const [count, all] = [list.length, inRange].map((number) => number.toLocaleString("en"));
	const isWhole = isAll(page) || (sinceMs() > 0 && covers(page, sinceMs()));
	const words = isNarrowed() ? `${count} of ${all} ${named(inRange)} shown` : `${count} ${named(list.length)}`;
	return isWhole ? words : `${words}; older ones are not loaded`;
}

const heldWords = (count) => (count ? ` · ${count} new, listed when the pointer leaves` : "");

// Those that are loaded without holes: an open order may be older than the pages of the others.
function isLoaded(order) {
	const page = pageOf(chosenStatus());
	return hasStatus(order) && order.tokenIn !== undefined && (isAll(page) || order.orderId >= page.oldest);
}

const isShown = (order) => isLoaded(order) && fits(order);

async function chosen() {
	held = null;
	$("rows").closest(".scroll").scrollTop = 0;
	for (const { node } of rows.values()) node.classList.remove("fresh");
	drawOrders();
	if (!isStarted(pageOf(chosenStatus()))) await older();
	if (sinceMs()) await loadSince(chosenStatus(), sinceMs()).catch(failed);
	drawOrders();
}

async function older() {
	const loading = loadOlder(chosenStatus()).catch(failed);
	drawOrders();
	await loading;
	drawOrders();
}
