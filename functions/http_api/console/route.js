// A routing decision as the ticket and an order's detail show it.

import { fractionToBps, scaled, show, unscaled } from "./amounts.js";
import { h } from "./dom.js";
import { hue, word } from "./words.js";

/** A hop's bar each, cut by the share every venue takes. */
export function shareBars(route) {
	const hops = Map.groupBy(route?.legs ?? [], (leg) => leg.hop);
	return [...hops.values()].map((legs) => {
		const words = legs.map((leg) => legWords(leg, hops.size));
		const parts = legs.map((leg, index) => {
			const part = h("span", { data: { hue: hue(leg.venue) } }, words[index]);
			part.style.setProperty("--share", leg.shareBps);
			return part;
		});
		return h("div", { class: "share", role: "img", "aria-label": `Route: ${words.join(", ")}` }, parts);
	});
}

/** The venues' quotes side by side; those on the route are marked. */
export function quoteTable(quotes = [], route = {}) {
	const used = new Set((route.legs ?? []).map((leg) => leg.venue));
	const head = ["Venue", "Rate", "Impact", "Fee", "Latency"].map((text) => h("th", { scope: "col" }, text));
	const body = quotes.map((quote) => {
		const cells = [
			show(quote.effectivePrice ?? quote.price, 6),
			bps(fractionToBps(quote.slippage)),
			bps(fractionToBps(quote.fee)),
			`${quote.latencyMs ?? "–"} ms`,
		];
		const name = h("th", { scope: "row", data: { hue: hue(quote.venue) } }, word(quote.venue));
		return h("tr", { class: used.has(quote.venue) ? "used" : "" }, name, cells.map((text) => h("td", {}, text)));
	});
	return h("table", {}, h("thead", {}, h("tr", {}, head)), h("tbody", {}, body));
}

/** Terms with their values; an empty value leaves its term out. */
export function facts(pairs) {
	return h("dl", {}, pairs.map(([term, value]) => value && h("div", {}, h("dt", {}, term), h("dd", {}, value))));
}

/** The route's price impact in bps: that of its legs by their shares, hop upon hop. */
export function impactOf(route) {
	const parts = (route.legs ?? []).map((leg) => scaled(leg.priceImpactBps, 4) * BigInt(leg.shareBps));
	return unscaled(parts.reduce((sum, part) => sum + part, 0n) / 1_000_000n, 2);
}

/** Why the route was chosen, and which venues could not be. */
export function why({ reason, leftOut = [] }) {
	const missing = leftOut.map((trouble) => ` Without ${word(trouble.venue)}: ${trouble.reason}.`);
	return h("p", { class: "why" }, reason, missing);
}

/** "12.3 bps", or "" when unknown. */
export const bps = (value) => (value === null || value === undefined ? "" : `${value} bps`);

function legWords({ venue, shareBps, tokenIn, tokenOut }, hops) {
	const pair = hops > 1 ? ` ${tokenIn} → ${tokenOut}` : "";
	return `${word(venue)} ${Math.round(shareBps / 100)} %${pair}`;
}
