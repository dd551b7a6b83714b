// Where the way from the mid price to the fill went: the API's explanation of an order, drawn.

import { scaled, show, unscaled } from "./amounts.js";
import { h } from "./dom.js";

const CAUSES = { fees: "Venue fees", impact: "Price impact", rounding: "Rounding", drift: "Drift since the quote" };

/** A table with a bar for each cause, each beginning where the one before ends; null without an explanation. */
export function waterfall({ explanation }) {
	if (!explanation) return null;
	const { token, parts, total, reference, filled } = explanation;
	const steps = stepsOf(parts);
	const [low, high] = [Math.min(0, ...steps.flat()), Math.max(0, ...steps.flat())];
	const share = (bps) => (bps - low) / (high - low || 1);
	const rows = parts.map((part, index) => row(part, steps[index].map(share), CAUSES[part.cause] ?? part.cause));
	return h(
		"table",
		{ class: "waterfall" },
		h("caption", {}, `From ${show(reference, 9)} ${token} at the mid prices to ${show(filled, 9)} ${token}. Gains are negative.`),
		h("thead", {}, h("tr", {}, ["Cost", token, "bps", ""].map((text) => text ? h("th", { scope: "col" }, text) : h("td")))),
		h("tbody", {}, rows, row(total, [0, Number(total.bps)].map(share), "All costs", "sum")),
	);
}

// From where to where each part goes, in bps: sums are exact, so that the last ends at the total.
function stepsOf(parts) {
	let before = 0n;
	return parts.map(({ bps }) => {
		const after = before + scaled(bps, 4);
		const step = [before, after].map((units) => Number(unscaled(units, 4)));
		before = after;
		return step;
	});
}

function row({ amount, bps }, [from, to], name, kind = "") {
	const bar = h("i", { data: { tone: to < from ? "good" : "" } });
	bar.style.setProperty("--from", Math.min(from, to));
	bar.style.setProperty("--to", Math.max(from, to));
	const shown = (value) => (value.startsWith("-") ? `−${show(value.slice(1), 5)}` : show(value, 5));
	return h("tr", { class: kind }, h("th", { scope: "row" }, name), h("td", {}, shown(amount)), h("td", {}, shown(bps)), h("td", {}, bar));
}
