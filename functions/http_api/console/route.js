// A routing decision as the ticket and an order's detail show it.

import { percentWords, ratio, shifted, show, sum } from "./amounts.js";
import { h } from "./dom.js";
import { impactOfLeg, impactOfQuote } from "./impact.js";
import { hue, word } from "./words.js";

const NARROW = 1500; // Less of the order than this, in bps, leaves no room for words.

/** A bar for each hop, cut by how much of the order every leg takes. */
export function shareBars({ legs = [] }) {
	const hops = Map.groupBy(flows(legs), (flow) => flow.hop);
	return [...hops.values()].map((parts) => {
		const words = parts.map(flowWords);
		const spans = parts.map(({ venue, share }, index) => {
			const shown = share < NARROW ? "" : words[index];
			const span = h("span", { title: words[index], data: venue && { hue: hue(venue) } }, shown);
			span.style.setProperty("--share", share);
			return span;
		});
		return h("div", { class: "share", role: "img", "aria-label": `Route: ${words.join(", ")}` }, spans);
	});
}

/** The legs one by one: what each takes of the order, its rate, impact and fee. */
export function legTable({ legs = [] }) {
	const rows = flows(legs)
		.filter(({ venue }) => venue)
		.map((leg) => {
			const name = `${word(leg.venue)}, ${shareWords(leg.share)}`;
			const path = `Hop ${leg.hop}: ${leg.tokenIn} → ${leg.tokenOut}`;
			const cells = [rateOf(leg), percentWords(impactOfLeg(leg)), feeOfLeg(leg)];
			return row(leg.venue, [name, h("small", {}, path)], cells);
		});
	return table("Route, leg by leg", ["Leg", "Rate", "Impact", "Fee"], rows);
}

/** What each venue quotes for the whole order in its own pool; the pools on the route are marked. */
export function quoteTable(quotes = [], route = {}) {
	const taken = new Set((route.legs ?? []).map((leg) => leg.pool));
	const rows = quotes.map((quote) => {
		const isTaken = taken.has(quote.pool);
		const cells = [rateOf(quote), percentWords(impactOfQuote(quote)), feeWords(shifted(quote.fee, 2)), `${quote.latencyMs} ms`];
		return row(quote.venue, [word(quote.venue), isTaken && h("small", {}, " on the route")], cells, isTaken);
	});
	return table("The whole order in one pool", ["Venue", "Rate", "Impact", "Fee", "Latency"], rows);
}

/** Terms with their values; an empty value leaves its term out. */
export function facts(pairs) {
	return h("dl", {}, pairs.map(([term, value]) => value && h("div", {}, h("dt", {}, term), h("dd", {}, value))));
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

const shareWords = (bps) => `${Math.round(bps / 10) / 10} %`;
const flowWords = ({ venue, share, tokenOut }) => (venue ? `${shareWords(share)} ${word(venue)} → ${tokenOut}` : "");

// Of what is paid, everything taken off: what comes out for one that goes in.
const rateOf = ({ amountIn, amountOut }) => show(ratio(amountOut, amountIn), 5, 0);

const feeWords = (percent) => (percent === null ? "" : `${show(percent, 3)} %`);

function feeOfLeg({ fee, amountIn, amountOut }) {
	const parts = [ratio(sum([fee.base, fee.variable]), amountIn), ratio(fee.output ?? "0", amountOut)];
	return feeWords(parts.includes(null) ? null : shifted(sum(parts), 2));
}

const row = (venue, name, cells, isTaken = false) =>
	h(
		"tr",
		{ class: isTaken ? "used" : "" },
		h("th", { scope: "row", data: { hue: hue(venue) } }, name),
		cells.map((text) => h("td", {}, text)),
	);

const table = (caption, heads, rows) =>
	h(
		"table",
		{},
		h("caption", {}, caption),
		h("thead", {}, h("tr", {}, heads.map((text) => h("th", { scope: "col" }, text)))),
		h("tbody", {}, rows),
	);
