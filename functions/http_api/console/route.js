// A routing decision as the ticket and an order's detail show it.

import { fractionToBps, show } from "./amounts.js";
import { h } from "./dom.js";
import { hue, word } from "./words.js";

/** A bar for each hop, cut by how much of the order every leg takes. */
export function shareBars({ legs = [] }) {
	const hops = Map.groupBy(flows(legs), (flow) => flow.hop);
	return [...hops.values()].map((parts) => {
		const words = parts.map(flowWords);
		const spans = parts.map(({ venue, share }, index) => {
			const span = h("span", { title: words[index], data: venue && { hue: hue(venue) } }, words[index]);
			span.style.setProperty("--share", share);
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
			show(quote.effectivePrice, 5),
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
	const parts = flows(legs).map(({ priceImpactBps = 0, share }) => (priceImpactBps * share) / 1e4);
	return parts.reduce((sum, part) => sum + part, 0).toFixed(2);
}

/** Why the route was chosen, and which venues could not be. */
export function why({ reason, leftOut = [] }) {
	const missing = leftOut.map((failure) => ` Without ${word(failure.venue)}: ${failure.reason}.`);
	return h("p", { class: "why" }, reason, missing);
}

/** "12.3 bps", or "" when unknown. */
export const bps = (value) => (value === null || value === undefined ? "" : `${value} bps`);

// The legs with their shares of the order in bps, lane by lane; beside lanes of two hops, one of one has a
// blank second.
function flows(legs) {
	const [firsts, seconds] = [1, 2].map((hop) => legs.filter((leg) => leg.hop === hop));
	return [...Map.groupBy(firsts, (leg) => leg.tokenOut)].flatMap(([token, lane]) => {
		const whole = lane.reduce((sum, leg) => sum + leg.shareBps, 0);
		const onward = seconds.filter((leg) => leg.tokenIn === token);
		if (seconds.length && !onward.length) onward.push({ hop: 2, shareBps: 1e4 });
		return [
			...lane.map((leg) => ({ ...leg, share: leg.shareBps })),
			...onward.map((leg) => ({ ...leg, share: (whole * leg.shareBps) / 1e4 })),
		];
	});
}

const flowWords = ({ venue, share, tokenOut }) =>
	venue ? `${Math.round(share / 100)} % ${word(venue)} → ${tokenOut}` : "";
