// Everything about one order, in a drawer; the address names it, so that it can be reloaded.

import { bpsBetween, show } from "./amounts.js";
import { swapWords } from "./blotter.js";
import { $, copyButton, h, on, setText } from "./dom.js";
import { loadOrder } from "./history.js";
import { eventsOf, findOrder, isOver, totalMs } from "./orders.js";
import { retryButton } from "./retry.js";
import { conditionsOf, isWaiting, sentenceOf, shortWords, typeWords } from "./terms.js";
import { bps, facts, legTable, quoteTable, shareBars, why } from "./route.js";
import { waterfall } from "./waterfall.js";
import { clock, duration, errorWords, word } from "./words.js";

let openId;
let explained;

/** Starts the drawer, open if the address asks for it. */
export function startDetail() {
	on("detail-close", "click", () => $("detail").close());
	on("detail", "click", (event) => event.target === $("detail") && $("detail").close());
	on("detail", "close", () => {
		openId = null;
		history.replaceState(null, "", " ");
	});
	if (location.hash.startsWith("#ord_")) openDetail(location.hash.slice(1));
}

/** Shows an order as far as it is known and loads the rest. */
export function openDetail(orderId) {
	[openId, explained] = [orderId, null];
	history.replaceState(null, "", `#${orderId}`);
	$("detail-body").replaceChildren();
	drawDetail(findOrder(orderId));
	$("detail").showModal();
	loadOrder(orderId);
}

/** Draws the order again if it is the one shown. */
export function drawDetail(order) {
	const shown = findOrder(openId);
	if (order && [shown?.entryId, shown?.exitId].includes(order.orderId)) return drawDetail(shown);
	if (order?.orderId !== openId || !order?.tokenIn) return;
	// What a fill cost is explained by the API alone.
	if (order.fill && !order.explanation && explained !== openId) loadOrder((explained = openId));
	setText($("detail-title"), swapWords(order));
	$("detail-body").replaceChildren(...content(order));
}

function content(order) {
	const events = eventsOf(order);
	const { whole, ...known } = order;
	const raw = JSON.stringify({ ...known, events }, null, 2);
	const decisions = events.filter((event) => event.step === "quotes").map(decision);
	const outcome = isOver(order) && order.status !== "confirmed" ? errorWords(order.error) : duration(totalMs(order));
	return [
		h("p", { class: "headline", data: { status: order.status } }, word(order.status), h("span", {}, outcome), retryButton(order)),
		facts(summary(order)),
		[["Entry", order.entryId], ["Exit", order.exitId]].filter(([, id]) => id).map(([name, id]) => section(name, other(id))),
		order.explanation ? section("Where the price went", waterfall(order)) : [],
		decisions,
		section("Timeline", h("ol", {}, events.map((event, index) => entry(event, events[index - 1], order)))),
		section("Raw JSON", copyButton(raw, "raw JSON"), h("pre", { tabindex: 0, role: "region", "aria-label": "Raw JSON" }, raw)),
	].flat();
}

function summary(order) {
	const { route, fill } = order;
	const exactIn = order.mode !== "exactOut";
	const [side, token, exactToken] = exactIn
		? ["amountOut", order.tokenOut, order.tokenIn]
		: ["amountIn", order.tokenIn, order.tokenOut];
	const amount = (value) => value && `${show(value, 12)} ${token}`;
	return [
		["Order", [h("code", {}, order.orderId), copyButton(order.orderId, "order id")]],
		["Label", order.clientOrderId],
		["Asked for", `${exactIn ? "sell" : "buy"} exactly ${show(order.amount, 12)} ${exactToken}`],
		["Type", isWaiting(order) && typeWords(order)],
		["When", isWaiting(order) && sentenceOf(order)],
		["Expires", order.expiresAt && clock(order.expiresAt, true)],
		["Slippage limit", bps(order.slippageBps)],
		["Quoted", amount(route?.[side])],
		["Limit", amount(route?.minAmountOut ?? route?.maxAmountIn)],
		["Filled", amount(fill?.[side])],
		["Fill against quote", bps(bpsBetween(fill?.[side], route?.[side]))],
		["Signature", order.signature && [h("code", {}, order.signature), copyButton(order.signature, "signature")]],
	];
}

// The other half of a bracket.
function other(id) {
	const order = findOrder(id);
	if (!order?.tokenIn) loadOrder(id);
	const words = order?.tokenIn ? `${word(order.status)}: ${sentenceOf(order)}` : "Loading…";
	return h("p", {}, words, " ", h("button", { class: "chip", onclick: () => openDetail(id) }, "Show it"));
}

function decision(event) {
	return section(
		event.attempt > 1 ? `Routing, attempt ${event.attempt}` : "Routing",
		shareBars(event),
		legTable(event),
		quoteTable(event.quotes, event),
		why(event),
	);
}

const KINDS = { limit: "its limit", stop: "its stop", trail: "its trail" };

// What an event of an order that waits says beside its status.
function said(event, order) {
	const { status, step, by, price, threshold, rule, observed, allowed } = event;
	const unit = order.priceUnit ?? "";
	if (status === "triggered") return price ? `By ${KINDS[by] ?? by}: the price was ${show(price, 8)} ${unit}, at or through ${show(threshold, 8)}.` : "It is tried again.";
	if (step === "activated") return `The trail begins: the price was ${show(price, 8)} ${unit}.`;
	if (step === "refused") return `Held back by the risk limit ${rule}: ${observed}, allowed ${allowed}.`;
	if (step === "amended") return `${conditionsOf({ ...order, ...event }).map(shortWords).join(" or ")}.`;
	return "";
}

function entry(event, before, order) {
	const attempt = event.attempt > 1 ? `Attempt ${event.attempt}. ` : "";
	return h(
		"li",
		{ data: { status: event.status } },
		h("time", { datetime: event.at }, clock(event.at, true)),
		h("b", {}, word(event.status), event.step && ` (${event.step})`),
		h("span", {}, before && `+${duration(Date.parse(event.at) - Date.parse(before.at))}`),
		h("p", {}, attempt, said(event, order) || errorWords(event.error) || (event.step && event.reason)),
	);
}

const section = (title, ...children) => h("section", {}, h("h3", {}, title), ...children);
