// A routing decision as the ticket and an order's detail show it.

import { fractionToBps, show } from "./amounts.js";
import { h } from "./dom.js";
import { hue, word } from "./words.js";

/** A bar for every swap on the way, cut by the share each venue takes. */
export function shareBars({ legs = [] }) {
	const swaps = Map.groupBy(legs, (leg) => leg.hop + leg.tokenIn);
	return [...swaps.values()].map((parts) => {
		const words = parts.map((leg) => legWords(leg, swaps.size));
		const spans = parts.map((leg, index) => {
			const span = h("span", { data: { hue: hue(leg.venue) } }, words[index]);
			span.style.setProperty("--share", leg.shareBps);
			return span;
		});
		return h("div", { class: "share", role: "img", "aria-label": `Route: ${words.join(", ")}` }, spans);
	});
}

/** The venues' quotes side by side; those on the route are marked. */
export function quoteTable(quotes = [], route = {}) {
	const used = new Set((route.legs ?? []).map((leg) => leg.venue));
	const head = ["Venue", "Rate", "Impact", "Fee", "Latency"].map((text) => h("th", { scope: "col" }, text));
	const body = quotes.map((quote) => {
		const cells = [
			show(quote.effectivePrice, 6),
			bps(fractionToBps(quote.slippage)),
			bps(fractionToBps(quote.fee)),
			`${quote.latencyMs} ms`,
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

/** The route's price impact in bps: that of its legs, by how much of the order each takes. */
export function impactOf({ legs = [] }) {
	const share = (leg) => (leg.hop > 1 ? (leg.shareBps / 1e4) * shareInto(legs, leg.tokenIn) : leg.shareBps);
	const sum = legs.reduce((total, leg) => total + Number(leg.priceImpactBps) * share(leg), 0);
	return (sum / 1e4).toFixed(2);
}

/** Why the route was chosen, and which venues could not be. */
export function why({ reason, leftOut = [] }) {
	const missing = leftOut.map((trouble) => ` Without ${word(trouble.venue)}: ${trouble.reason}.`);
	return h("p", { class: "why" }, reason, missing);
}

/** "12.3 bps", or "" when unknown. */
export const bps = (value) => (value === null || value === undefined ? "" : `${value} bps`);

const shareInto = (legs, token) =>
	legs.filter((leg) => leg.hop === 1 && leg.tokenOut === token).reduce((sum, leg) => sum + leg.shareBps, 0);

const legWords = ({ venue, shareBps, tokenOut }, swaps) =>
	`${word(venue)} ${Math.round(shareBps / 100)} %${swaps > 1 ? ` → ${tokenOut}` : ""}`;
