// What waits for a price: a card for each order, its exit within it, with how far the price is away, live. New ones
// come last and those that have ended stay, so nothing moves by itself.

import { isMore, percentToBps, readAmount, show } from "./amounts.js";
import { change, get } from "./api.js";
import { askFirst } from "./ask.js";
import { $, h, on, setText } from "./dom.js";
import { loadOrder } from "./history.js";
import { allOrders, findOrder, isOver, mergeOrder } from "./orders.js";
import { awayWords, inUnit, turnedToSend, unitOf } from "./prices.js";
import { swapWords } from "./row.js";
import { conditionsOf, isHigherBetter, isWaiting, rests, sentenceOf, shortWords, typeWords } from "./terms.js";
import { errorWords, word } from "./words.js";

const MOST = 100;
const EVERY_MS = 3000;
const HOURS = [["", "Expiry as it is"], ["1", "in 1 hour"], ["24", "in 24 hours"], ["168", "in 7 days"], ["720", "in 30 days"]];
const TOO_LATE = "Too late to cancel: it has been sent to the chain, and may still fill. If it does not, it ends as cancelled instead of trying again.";
const cards = new Map();
const asked = new Set();
let open;
let frame;

/** Starts it; `onOpen(orderId)` shows an order. */
export function startWaiting({ onOpen }) {
	open = onOpen;
	on("cancel-all", "click", cancelAll);
	on("clear-ended", "click", () => {
		for (const [id, card] of cards) if (isOver(findOrder(id))) card.node.remove(), cards.delete(id);
		drawWaiting();
		$("waiting").focus();
	});
	setInterval(poll, EVERY_MS);
}

/** Draws it with the next frame. */
export function drawWaiting() {
	cancelAnimationFrame(frame);
	frame = requestAnimationFrame(draw);
}

// The market of what waits is in the API's answers alone.
async function poll() {
	if (document.hidden || !waitingOrders().length) return;
	await get("orders", { status: "active", limit: MOST }).then(({ orders }) => orders.forEach(mergeOrder), () => {});
}

const waitingOrders = () => allOrders().filter((order) => isWaiting(order) && !isOver(order) && order.tokenIn);

function draw() {
	const waiting = waitingOrders();
	for (const order of waiting.slice(0, MOST).reverse()) {
		if (order.exitId && !findOrder(order.exitId)) loadOnce(order.exitId);
		// The first event of an exit does not say whose it is.
		const isStray = order.status === "held" && !order.entryId;
		if (isStray) loadOnce(order.orderId);
		else if (!cards.has(order.orderId)) cards.set(order.orderId, makeCard(order.orderId));
	}
	for (const [id, card] of cards) {
		// An exit lies within its entry, wherever that was drawn first.
		const home = cards.get(findOrder(id).entryId)?.exits ?? $("waiting-list");
		if (card.node.parentNode !== home) home.append(card.node);
		card.update(findOrder(id));
	}
	const ended = [...cards.keys()].filter((id) => isOver(findOrder(id))).length;
	$("clear-ended").hidden = !ended;
	$("cancel-all").hidden = !waiting.length;
	const more = waiting.length > MOST ? `, the newest ${MOST} shown` : "";
	setText($("waiting-count"), waiting.length ? `${waiting.length.toLocaleString("en")} wait${waiting.length === 1 ? "s" : ""}${more}` : "None. The ticket has the types that wait.");
}

function loadOnce(id) {
	if (!asked.has(id)) loadOrder(id);
	asked.add(id);
}

function makeCard(id) {
	const [state, terms, away, says] = [h("span", { class: "tag" }), h("p"), h("p", { class: "quiet" }), h("p", { class: "error", role: "status" })];
	const title = h("button", { class: "swap", onclick: () => open(id) });
	const button = (text, run) => h("button", { type: "button", class: "chip", onclick: run }, text);
	const [amending, cancelling] = [button("Amend", () => openForm(id)), button("Cancel", () => cancelOne(id))];
	const [form, exits] = [h("div"), h("ul")];
	const node = h("li", { data: { waits: id } }, h("header", {}, title, state), terms, away, h("div", { class: "chips" }, amending, cancelling), form, says, exits);
	const update = (order) => {
		const words = cardWords(order);
		node.dataset.status = order.status;
		setText(title, words.title);
		const status = `${typeWords(order)} · ${word(order.status)}`;
		// Another node: what is aligned to the right does not count as moved then.
		if (state.textContent !== status) state.replaceChildren(h("span", {}, status));
		setText(terms, words.terms);
		setText(away, words.away);
		for (const [one, does] of [[amending, "Amend"], [cancelling, "Cancel"]]) one.setAttribute("aria-label", `${does}: ${sentenceOf(order)}`);
		amending.disabled = !rests(order);
		cancelling.disabled = isOver(order);
	};
	return { node, update, form, says, exits, amending };
}

function cardWords(order) {
	const unit = unitOf(order.tokenIn, order.tokenOut);
	const all = conditionsOf(order, unit);
	return { title: `${order.entryId ? "Exit: " : ""}${swapWords(order)}`, terms: `${all.map(shortWords).join(" or ")} ${unit.words}`, away: awayFrom(order, all, unit) };
}

function awayFrom(order, all, unit) {
	if (isOver(order)) return order.status === "confirmed" ? "Filled." : errorWords(order.error) || "Over.";
	if (order.status === "held") return "Waits for its entry to fill.";
	if (!rests(order)) return "Due: it executes now.";
	const now = inUnit(order.market?.price ?? null, order.priceUnit, unit);
	if (!now) return "The market has not been seen since it was placed.";
	const far = all.map(({ kind, price, start }) => awayWords(now, kind === "trail" && !price ? start : price)).filter(Boolean);
	return `now ${show(now, 7)}${far.length ? `, ${far.join(" or ")} away` : ""}`;
}

// --- cancelling ----------------------------------------------------------------------------------------

async function cancelOne(id) {
	const order = findOrder(id);
	const exit = order.exitId ? " Its take profit and stop loss go with it." : "";
	const guard = order.entryId || order.orderType !== "limit" ? " Nothing protects the position at that price then." : "";
	if (!(await askFirst("Cancel this order?", sentenceOf(order) + exit + guard, "Cancel order"))) return;
	try {
		mergeOrder(await change("DELETE", `orders/${id}`));
		say(id, "");
	} catch (problem) {
		say(id, problem.code === "too_late_to_cancel" ? TOO_LATE : problem.message);
		loadOrder(id);
	}
}

async function cancelAll() {
	const count = waitingOrders().length;
	const text = `All orders that are not over, of all pairs, market orders in the queue too: ${count} of them wait for a price. Stops that protect a position go as well.`;
	if (!(await askFirst("Cancel all orders?", text, "Cancel all"))) return;
	try {
		const { cancelled, tooLate } = await change("POST", "orders/cancel", {});
		setText($("waiting-says"), `${cancelled.length} cancelled.${tooLate.length ? ` ${tooLate.length}: ${TOO_LATE}` : ""}`);
		[...cancelled, ...tooLate].forEach(loadOrder);
	} catch (problem) {
		setText($("waiting-says"), problem.message);
	}
}

const say = (id, text) => setText(cards.get(id).says, text);

// --- amending ------------------------------------------------------------------------------------------

// Each value that can be amended: where the API has it, and how it reads in the unit shown.
function valuesOf(order, unit) {
	const values = conditionsOf(order, unit).flatMap(({ kind, place, price, percent, floor }) => [
		kind === "limit" && { path: [place, "limitPrice"], label: place ? "Take profit at" : "Limit price", value: price, isLimit: true },
		kind === "stop" && { path: [place, "triggerPrice"], label: "Stop price", value: price },
		kind === "trail" && { path: [place, "trailingBps"], label: "Trail, %", value: percent, isPercent: true },
		floor && { path: [place, "limitPrice"], label: "Limit once stopped", value: floor },
	]);
	const amount = !order.entryId && { path: ["", "amount"], label: `Amount, ${order.mode === "exactOut" ? order.tokenOut : order.tokenIn}`, value: order.amount, isAmount: true };
	return [...values, amount].filter(Boolean);
}

function openForm(id) {
	const order = findOrder(id);
	const { form, amending } = cards.get(id);
	const unit = unitOf(order.tokenIn, order.tokenOut);
	const values = valuesOf(order, unit);
	const inputs = values.map(({ value }) => h("input", { inputmode: "decimal", value }));
	const expires = h("select", { "aria-label": "Expires" }, HOURS.map(([value, text]) => h("option", { value }, text)));
	const close = () => {
		form.replaceChildren();
		amending.focus();
	};
	const node = h(
		"form",
		{ class: "amend" },
		values.map(({ label }, index) => h("label", {}, `${label}`, inputs[index])),
		h("label", {}, "Expires", expires),
		h("div", { class: "chips" }, h("button", { class: "chip" }, "Save"), h("button", { type: "button", class: "chip", onclick: close }, "Keep as it is")),
	);
	node.addEventListener("keydown", (event) => event.key === "Escape" && close());
	node.addEventListener("submit", (event) => {
		event.preventDefault();
		save(order, unit, values, inputs.map((input) => input.value.trim()), expires.value, close);
	});
	form.replaceChildren(node);
	inputs[0]?.focus();
}

async function save(order, unit, values, typed, hours, close) {
	const body = { seq: order.seq };
	for (const [index, one] of values.entries()) {
		if (typed[index] === one.value) continue;
		const { problem } = readAmount(typed[index], 18);
		const bps = one.isPercent && percentToBps(typed[index]);
		if (problem !== undefined || bps === null) return say(order.orderId, `${one.label}: ${problem || "Enter a number."}`);
		put(body, one.path, one.isPercent ? bps : one.isAmount ? typed[index] : inOrderUnit(order, unit, typed[index]));
		if (one.isLimit && isThere(order, unit, typed[index]) && !(await confirmTrade(order, unit, typed[index]))) return;
	}
	if (hours) body.expiresAt = new Date(Date.now() + 3_600_000 * Number(hours)).toISOString();
	if (Object.keys(body).length === 1) return close();
	try {
		mergeOrder(await change("PATCH", `orders/${order.orderId}`, body));
		say(order.orderId, "");
		close();
	} catch (problem) {
		say(order.orderId, problem.code === "stale_seq" ? "It has changed meanwhile: what it is now is shown. Amend it again." : problem.message);
		if (problem.status === 409) loadOrder(order.orderId), close();
	}
}

const put = (body, [place, name], value) => (place ? ((body[place] ??= {})[name] = value) : (body[name] = value));
const inOrderUnit = (order, unit, price) => (order.priceUnit === unit.words ? price : turnedToSend(price, !isHigherBetter(order.tokenIn, unit)));

function isThere(order, unit, price) {
	const now = inUnit(order.market?.price ?? null, order.priceUnit, unit);
	return now && (isHigherBetter(order.tokenIn, unit) ? !isMore(price, now) : !isMore(now, price));
}

const confirmTrade = (order, unit, price) =>
	askFirst("Trade at once?", `The market is at ${show(inUnit(order.market.price, order.priceUnit, unit), 8)} ${unit.words}: at a limit of ${price} the order executes now.`, "Amend and trade");
