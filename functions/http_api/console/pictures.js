// The two pictures, drawn as SVG. Coordinates are plain numbers; nothing here is booked.

import { fractionToBps, scaled, unscaled } from "./amounts.js";
import { get } from "./api.js";
import { $, h, setText, svg } from "./dom.js";
import { splitMs, totalMs } from "./orders.js";
import { isWaiting } from "./terms.js";
import { duration, hue, word } from "./words.js";

const FACTORS = [[1, -1], [3, -1], [1, 0], [3, 0], [1, 1], [3, 1], [1, 2]];
const PLACES = 24;
const WAIT_MS = 500;
const [LEFT, RIGHT, TOP, BOTTOM] = [38, 314, 10, 164];
const LOW_BOTTOM = 62;

let shown;
let timer;
let abort = new AbortController();
let curves = new Map();
let current;

/** Draws price impact around this order's size; asks anew for another pair or power of ten. */
export function followImpact({ tokenIn, tokenOut, amount, mode }) {
	current = Number(amount);
	const decade = Math.floor(Math.log10(current));
	const name = [tokenIn, tokenOut, mode, decade].join();
	if (name === shown) return drawImpact();
	shown = name;
	clearTimeout(timer);
	abort.abort();
	const sizes = FACTORS.map(([digit, power]) => unscaled(scaled(`${digit}e${decade + power}`, PLACES), PLACES));
	timer = setTimeout(sample, WAIT_MS, { tokenIn, tokenOut, mode }, sizes);
}

/** Draws how long the confirmed orders among these took. */
export function drawLatencies(orders) {
	const confirmed = orders.filter((order) => order.status === "confirmed" && !isWaiting(order));
	if (!confirmed.length) return;
	const ordered = (values) => values.sort((a, b) => a - b);
	const parts = confirmed.map(splitMs);
	const count = `${confirmed.length.toLocaleString("en")} order${confirmed.length === 1 ? "" : "s"}`;
	setText($("latency-note"), `${count}: ${withinWords(ordered(confirmed.map(totalMs)))}`);
	const [waiting, executing] = ["waiting", "executing"].map((name) => ordered(parts.map((part) => part[name])));
	$("latency").replaceChildren(...partOf("Waiting", waiting, "b"), ...partOf("Executing", executing, "a"));
}

function withinWords(taken) {
	const within = (share) => duration(taken[Math.floor((taken.length - 1) * share)]);
	return `median ${within(0.5)}, 95 % within ${within(0.95)}`;
}

function partOf(name, taken, hue) {
	const words = `${name}: ${withinWords(taken)}`;
	return [h("p", { class: "quiet" }, h("b", { data: { hue } }, name), withinWords(taken)), histogram(taken, words, hue)];
}

// All sizes at once, so that they meet the same state of the pools.
async function sample(pair, sizes) {
	const { signal } = (abort = new AbortController());
	const answers = await Promise.allSettled(sizes.map((amount) => get("quotes", { ...pair, amount }, signal)));
	if (signal.aborted) return;
	const found = new Map();
	// A size that no venue can take leaves a gap in the curve.
	for (const { quotes, amount } of answers.flatMap((answer) => answer.value ?? [])) {
		for (const quote of quotes) addPoint(found, quote, Number(amount));
	}
	curves = found;
	const legend = [...curves.keys()].map((venue) => h("b", { data: { hue: hue(venue) } }, word(venue)));
	const unit = pair.mode === "exactIn" ? pair.tokenIn : pair.tokenOut;
	$("impact-note").replaceChildren(...legend, `${pair.tokenIn} → ${pair.tokenOut}, % by ${unit}`);
	drawImpact();
}

function addPoint(found, { venue, slippage }, size) {
	const bps = fractionToBps(slippage);
	if (bps === null) return;
	if (!found.has(venue)) found.set(venue, []);
	found.get(venue).push({ size, bps: Math.abs(Number(bps)) });
}

// Both axes are logarithmic; log(1 + bps) has a zero.
function drawImpact() {
	const points = [...curves.values()].flat();
	if (!points.length) return;
	const logs = points.map(({ size }) => Math.log10(size));
	const [low, high] = [Math.min(...logs), Math.max(...logs)];
	const height = (bps) => Math.log10(1 + bps);
	const top = Math.ceil(height(Math.max(10, ...points.map(({ bps }) => bps))));
	const x = (size) => across((Math.log10(size) - low) / (high - low || 1));
	const y = (bps) => up(height(bps) / top);
	const powers = (from, to) => Array.from({ length: to - from + 1 }, (_, index) => 10 ** (from + index));
	$("impact").replaceChildren(
		picture(
			impactWords(),
			[0, ...powers(1, top)].map((level) => rule(y(level), compact(level / 100))),
			powers(Math.ceil(low), Math.floor(high)).map((size) => below(x(size), compact(size))),
			svg("path", { class: "marker", d: `M${x(current)} ${TOP}V${BOTTOM}` }),
			[...curves].map(([venue, line]) => curve(venue, line.map(({ size, bps }) => [x(size), y(bps)]))),
		),
	);
}

function histogram(taken, words, hue) {
	const step = 10 * Math.ceil((taken.at(-1) + 1) / 200);
	const bins = new Array(Math.floor(taken.at(-1) / step) + 1).fill(0);
	for (const ms of taken) bins[Math.floor(ms / step)] += 1;
	const most = Math.max(...bins);
	const width = (RIGHT - LEFT) / bins.length;
	const bars = bins.map((count, bin) => {
		const y = low(count / most);
		return svg("rect", { x: across(bin / bins.length) + 0.5, width: width - 1, y, height: LOW_BOTTOM - y });
	});
	const half = Math.round(bins.length / 2);
	return svg(
		"svg",
		{ viewBox: "0 0 340 84", role: "img", "aria-label": words, "data-hue": hue },
		[0, most].map((count) => rule(low(count / most), count)),
		[0, half, bins.length].map((bin) => below(across(bin / bins.length), duration(bin * step) || "0 ms", 78)),
		bars,
	);
}

function impactWords() {
	const last = ([venue, line]) => `${word(venue)} ${compact(line.at(-1).bps / 100)} % at ${compact(line.at(-1).size)}`;
	return `Price impact grows with size: ${[...curves].map(last).join(", ")}`;
}

function curve(venue, points) {
	const dots = points.map(([cx, cy]) => svg("circle", { cx, cy, r: 2.4 }));
	return svg("g", { "data-hue": hue(venue) }, svg("path", { d: `M${points.join("L")}` }), dots);
}

const picture = (words, ...parts) => svg("svg", { viewBox: "0 0 340 190", role: "img", "aria-label": words }, parts);
const across = (share) => LEFT + (RIGHT - LEFT) * share;
const low = (share) => LOW_BOTTOM + (8 - LOW_BOTTOM) * share;
const up = (share) => BOTTOM + (TOP - BOTTOM) * share;
const below = (x, text, y = 182) => svg("text", { x, y, "text-anchor": "middle" }, text);
const rule = (y, text) => [
	svg("path", { class: "rule", d: `M${LEFT} ${y}H${RIGHT}` }),
	svg("text", { x: LEFT - 6, y: y + 4, "text-anchor": "end" }, String(text)),
];
const compact = (value) => Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 3 }).format(value);
