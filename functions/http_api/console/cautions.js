// What to mind about a quote before it is executed.

import { isMore, percentWords, shifted, show } from "./amounts.js";
import { ASKS_OVER, impactOfRoute, roundedUp, WARNS_OVER } from "./impact.js";

const HIGH_BPS = 500;
const LOW_BPS = 5;
const WHOLE_BPS = 10_000;

/** The price impact that has to be agreed to, as a decimal in percent; "" for none. */
export function impactToAccept(route) {
	const impact = impactOfRoute(route);
	return isMore(impact, ASKS_OVER) ? roundedUp(impact) : "";
}

/** What is unusual about a route and its slippage: [sentence, tone], "bad" before "warn". */
export function cautions(route, slippageBps) {
	const all = [impactCaution(impactOfRoute(route)), slippageCaution(slippageBps, route.mode)];
	return all.filter(Boolean).sort(([, a], [, b]) => (a < b ? -1 : a > b ? 1 : 0));
}

function impactCaution(impact) {
	const words = percentWords(impact);
	if (isMore(impact, ASKS_OVER)) return [`High price impact: the order's own size costs ${words}. Smaller orders cost less.`, "bad"];
	return isMore(impact, WARNS_OVER) && [`The price impact is ${words}: smaller orders get a better price.`, "warn"];
}

function slippageCaution(bps, mode) {
	const words = `${show(shifted(String(bps), -2))} %`;
	const most = mode === "exactIn" ? "any price" : "up to twice the price";
	if (bps >= WHOLE_BPS) return [`A slippage limit of ${words} accepts ${most}.`, "bad"];
	if (bps > HIGH_BPS) return [`High slippage limit: a price up to ${words} worse than quoted is accepted.`, "warn"];
	const least = bps > 0 ? `by ${words}` : "at all";
	return bps < LOW_BPS && [`Low slippage limit: the order fails once the price moves ${least} against it.`, "warn"];
}
