// The live preview: quotes while one types, and how old they are.

import { show, sum } from "./amounts.js";
import { get } from "./api.js";
import { $, h, on, setText } from "./dom.js";
import { bps, facts, impactOf, quoteTable, shareBars, why } from "./route.js";

const WAIT_MS = 220;
const STALE_MS = 10_000;

let callbacks;
let shown;
let timer;
let abort = new AbortController();
let quotedAt;

/** Starts it; `onQuote(answer)` and `onRefused(problem)` get the result. */
export function startPreview(handlers) {
	callbacks = handlers;
	on("refresh", "click", () => preview(shown));
	setInterval(showAge, 500);
	empty();
}

/** Shows this order's preview soon; null shows none. */
export function preview(order) {
	clearTimeout(timer);
	abort.abort();
	[shown, quotedAt] = [order, 0];
	if (!order) return empty();
	state("asking", "Asking the venues…");
	timer = setTimeout(ask, WAIT_MS, order);
}

async function ask({ tokenIn, tokenOut, amount, mode, slippageBps }) {
	abort = new AbortController();
	try {
		const answer = await get("quotes", { tokenIn, tokenOut, amount, mode, slippageBps }, abort.signal);
		quotedAt = Date.now();
		$("preview-body").replaceChildren(...content(answer));
		showAge();
		callbacks.onQuote(answer);
	} catch (problem) {
		if (problem.name === "AbortError") return;
		empty(problem.message);
		if (problem.status >= 400 && problem.status < 500) callbacks.onRefused(problem);
	}
}

function showAge() {
	if (!quotedAt) return;
	const age = Date.now() - quotedAt;
	const words = `${Math.floor(age / 1000)} s old`;
	if (age < STALE_MS) state("fresh", words);
	else state("stale", `Stale, ${words}`);
}

function empty(text = "Rates, route and impact appear here.") {
	$("preview-body").replaceChildren(h("p", { class: "quiet" }, text));
	state("empty", "");
}

function state(name, age) {
	$("preview").dataset.state = name;
	$("refresh").hidden = name !== "stale";
	setText($("preview-age"), age);
}

function content({ tokenIn, tokenOut, quotes, route = {} }) {
	return [
		...shareBars(route),
		quoteTable(quotes, route),
		facts([
			["Price impact", bps(impactOf(route))],
			["Minimum received", route.minAmountOut && `${show(route.minAmountOut, 9)} ${tokenOut}`],
			["Most paid", route.maxAmountIn && `${show(route.maxAmountIn, 9)} ${tokenIn}`],
			["Venue fees", feeWords(route)],
		]),
		why(route),
	];
}

function feeWords({ legs = [] }) {
	const parts = legs.flatMap(({ fee, tokenOut }) => [
		{ token: fee.token, amount: sum([fee.base, fee.variable]) },
		...(fee.output ? [{ token: tokenOut, amount: fee.output }] : []),
	]);
	const fees = Map.groupBy(parts, (part) => part.token);
	const total = (of) => show(sum(of.map((part) => part.amount)), 5);
	return [...fees].map(([token, of]) => `${total(of)} ${token}`).join(" + ");
}
