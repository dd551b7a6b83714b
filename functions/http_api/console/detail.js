// Everything about one order, in a drawer; the address names it, so that it can be reloaded.

import { bpsBetween, show } from "./amounts.js";
import { swapWords } from "./blotter.js";
import { $, copyButton, h, on, setText } from "./dom.js";
import { loadOrder } from "./history.js";
import { eventsOf, findOrder, totalMs } from "./orders.js";
import { retryButton } from "./retry.js";
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
	if (order?.orderId !== openId || !order?.tokenIn) return;
	// What a fill cost is explained by the API alone.
	if (order.fill && !order.explanation && explained !== openId) loadOrder((explained = openId));
	setText($("detail-title"), swapWords(order));
	$("detail-body").replaceChildren(...content(order));
}

function content(order) {
	const events = eventsOf(order);
	const raw = JSON.stringify({ ...order, events }, null, 2);
	const decisions = events.filter((event) => event.step === "quotes").map(decision);
	const outcome = order.status === "failed" ? errorWords(order.error) : duration(totalMs(order));
	return [
		h("p", { class: "headline", data: { status: order.status } }, word(order.status), h("span", {}, outcome), retryButton(order)),
		facts(summary(order)),
		order.explanation ? section("Where the price went", waterfall(order)) : [],
		decisions,
		section("Timeline", h("ol", {}, events.map((event, index) => entry(event, events[index - 1])))),
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
		["Slippage limit", bps(order.slippageBps)],
		["Quoted", amount(route?.[side])],
		["Limit", amount(route?.minAmountOut ?? route?.maxAmountIn)],
		["Filled", amount(fill?.[side])],
		["Fill against quote", bps(bpsBetween(fill?.[side], route?.[side]))],
		["Signature", order.signature && [h("code", {}, order.signature), copyButton(order.signature, "signature")]],
	];
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

function entry(event, before) {
	const attempt = event.attempt > 1 ? `Attempt ${event.attempt}. ` : "";
	return h(
		"li",
		{ data: { status: event.status } },
		h("time", { datetime: event.at }, clock(event.at, true)),
		h("b", {}, word(event.status), event.step && ` (${event.step})`),
		h("span", {}, before && `+${duration(Date.parse(event.at) - Date.parse(before.at))}`),
		h("p", {}, attempt, errorWords(event.error) || (event.step && event.reason)),
	);
}

const section = (title, ...children) => h("section", {}, h("h3", {}, title), ...children);
