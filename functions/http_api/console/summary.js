// The terms of the quote that is shown: one rate, the impact, the limit that binds, the fees; what to mind.

import { isMore, percentWords, ratio, shifted, show } from "./amounts.js";
import { cautions, impactToAccept } from "./cautions.js";
import { $, on, setText } from "./dom.js";
import { impactOfRoute } from "./impact.js";

const NONE = "–";
let shown;
let isTurned = false;

/** Starts it; `onAccept()` when a price impact is agreed to, or no more. */
export function startSummary({ onAccept }) {
	on("accept", "change", onAccept);
	on("rate", "click", () => {
		isTurned = !isTurned;
		drawRate();
	});
	drawSummary(null);
}

/**
 * Shows a route's terms, null for none, with the `limit` that an order is sent with; `note`
 * is said of it instead of the usual.
 */
export function drawSummary(route, slippageBps, limit = {}, note = "") {
	shown = route;
	drawRate();
	setText($("price-impact"), route ? percentWords(impactOfRoute(route)) : NONE);
	setText($("limit-term"), route?.mode === "exactOut" ? "Most paid" : "Minimum received");
	setText($("limit"), route ? limitWords(route, limit) : NONE);
	setText($("fees"), route ? feeWords(route) : NONE);
	drawCautions(route, slippageBps, note);
}

/** Whether the price impact is one that needs no second act, or has it. */
export function isImpactAccepted(route) {
	const needed = impactToAccept(route);
	return !needed || ($("accept").checked && !isMore(needed, $("accept").value));
}

/** Takes back that a price impact was agreed to. */
export const resetAccepted = () => ($("accept").checked = false);

function drawRate() {
	const [from, to] = isTurned ? ["Out", "In"] : ["In", "Out"];
	const rate = shown && ratio(shown[`amount${to}`], shown[`amount${from}`]);
	setText($("rate").firstChild, rate ? `1 ${shown[`token${from}`]} = ${show(rate, 6)} ${shown[`token${to}`]}` : NONE);
	$("rate").disabled = !rate;
}

function limitWords({ mode, tokenIn, tokenOut }, limit) {
	const [bound] = Object.values(limit);
	return bound ? `${show(bound, 30)} ${mode === "exactIn" ? tokenOut : tokenIn}` : "No minimum";
}

function drawCautions(route, slippageBps, note) {
	const all = route ? cautions(route, slippageBps) : [];
	const needed = route ? impactToAccept(route) : "";
	if (isMore(needed, $("accept").value) || !needed) resetAccepted();
	if (needed && !$("accept").checked) $("accept").value = needed;
	$("accept-line").hidden = !needed;
	setText($("accept-words"), `Execute at a price impact of up to ${$("accept").value} %`);
	if (!all.length || note) all.push([note || usual(route), ""]);
	$("caution").dataset.tone = all[0][1];
	setText($("caution"), all.map(([words]) => words).join(" "));
}

function usual(route) {
	if (!route) return "";
	const never = route.mode === "exactIn" ? "minimum and never fills for less" : "maximum and never pays more";
	return `Slippage is measured from this quote: the order carries the ${never}, whenever it executes.`;
}

function feeWords({ costs }) {
	return `${show(costs.fees, 5)} ${costs.token} (${percentWords(shifted(ratio(costs.fees, costs.reference), 2))})`;
}
