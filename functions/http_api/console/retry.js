// Placing a failed order once more: the same request, asked about first, as a new order with a key of its own.

import { show } from "./amounts.js";
import { execute } from "./api.js";
import { revealOrder } from "./blotter.js";
import { $, h, on, setText } from "./dom.js";
import { facts } from "./route.js";
import { bodyOf, isWaiting, sentenceOf, TERMS } from "./terms.js";
import { repeatWords } from "./words.js";

const REQUEST = ["mode", "tokenIn", "tokenOut", "amount", "slippageBps", "minAmountOut", "maxAmountIn", "deadline", "priceUnit", ...TERMS];

let callbacks;
let asked;

/** Starts it; `onAccepted(order)` gets the new order. */
export function startRetry(handlers) {
	callbacks = handlers;
	on("retry-cancel", "click", () => $("retry").close());
	on("retry-form", "submit", (event) => {
		event.preventDefault();
		place();
	});
}

/** A button that asks whether to place this order again; null for one that has not failed. */
export function retryButton(order) {
	// An exit trades what its entry bought; an entry is placed anew with its exit, in the ticket.
	if (order.status !== "failed" || order.entryId || order.exitId) return null;
	return h("button", { class: "chip", onclick: () => ask(order) }, "Try again…");
}

// The key is made once for each time that is asked: whatever is lost on the way, it is one new order.
function ask(order) {
	const request = Object.fromEntries(REQUEST.filter((name) => order[name] != null).map((name) => [name, order[name]]));
	if (request.deadline) delete request.expiresAt;
	if (order.clientOrderId) request.clientOrderId = order.clientOrderId;
	asked = { request, key: crypto.randomUUID() };
	$("retry-terms").replaceChildren(facts(terms(order)));
	say("");
	$("retry-place").disabled = false;
	$("retry").showModal();
}

function terms(order) {
	const isExactIn = order.mode !== "exactOut";
	const exact = isExactIn ? order.tokenIn : order.tokenOut;
	return [
		["Swap", `${isExactIn ? "sell" : "buy"} exactly ${show(order.amount, 12)} ${exact} ${isExactIn ? `for ${order.tokenOut}` : `with ${order.tokenIn}`}`],
		["When", isWaiting(order) && sentenceOf(order)],
		["Slippage limit", order.slippageBps != null && `${order.slippageBps / 100} %`],
		["Minimum received", order.minAmountOut && `${show(order.minAmountOut, 12)} ${order.tokenOut}`],
		["Most paid", order.maxAmountIn && `${show(order.maxAmountIn, 12)} ${order.tokenIn}`],
		["Deadline", order.deadline && `${order.deadline} s after it is placed`],
		["Label", order.clientOrderId],
		["It failed because", order.error?.message],
	];
}

async function place() {
	const { request, key } = asked;
	$("retry-place").disabled = true;
	say("Placing the order…");
	try {
		const accepted = await execute(bodyOf(request), key, (...repeat) => say(repeatWords(...repeat), "bad"));
		callbacks.onAccepted({ ...request, createdAt: new Date().toISOString(), ...accepted });
		$("retry").close();
		$("detail").close();
		revealOrder(accepted.orderId);
	} catch (problem) {
		say(problem.unknown ? `${problem.message} Placing it again is safe: it is the same order.` : problem.message, "bad");
		$("retry-place").disabled = false;
	}
}

function say(text, tone = "") {
	setText($("retry-says"), text);
	$("retry-says").dataset.tone = tone;
}
