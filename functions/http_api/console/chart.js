// The price of the ticket's pair: what ticks and quotes said, the prices that orders wait for, and where a trail's
// stop stands. Coordinates are plain numbers; nothing here is booked.

import { show } from "./amounts.js";
import { get } from "./api.js";
import { $, h, on, setText, svg } from "./dom.js";
import { allOrders, isOver } from "./orders.js";
import { marketPrice, turned, unitOf } from "./prices.js";
import { conditionsOf, isWaiting } from "./terms.js";
import { clock } from "./words.js";

const EVERY_MS = 5000;
const SPANS_MS = { "5 min": 300_000, "30 min": 1_800_000 };
const MOST_AWAY = 0.12; // Lines further from the price are named, not drawn.
const MOST_POINTS = 2000;
const TABLE_ROWS = 12;
const NAMES = { limit: "Limit", stop: "Stop", trail: "Trailing stop" };
const [LEFT, RIGHT, TOP, BOTTOM] = [6, 276, 8, 172];
const seen = new Map(); // Of each pair and direction: price by time.
const trails = new Map(); // By order: [time, price of its stop], whenever that moved.
let pair = null;
let draft = () => [];
let span = SPANS_MS["5 min"];
let frame;

/** Starts it; `onDraft()` returns the conditions that the ticket has now. */
export function startChart({ onDraft }) {
	draft = onDraft;
	on("spans", "click", ({ target }) => {
		if (!target.value) return;
		span = SPANS_MS[target.value];
		for (const button of $("spans").children) button.setAttribute("aria-pressed", button === target);
		drawChart();
	});
	on("price-table", "toggle", drawChart);
	setInterval(() => document.hidden || poll(), EVERY_MS);
}

/** Shows this pair from now on. */
export function chartPair(tokenIn, tokenOut) {
	const isOther = pair?.join() !== [tokenIn, tokenOut].join();
	pair = [tokenIn, tokenOut];
	if (isOther) poll();
	drawChart();
}

/** Takes in what a quote says of the market. */
export function chartQuote(route) {
	if (route) add(route.tokenIn, route.tokenOut, Date.now(), marketPrice(route, unitOf(route.tokenIn, route.tokenOut)));
	drawChart();
}

/** Draws it with the next frame. */
export function drawChart() {
	cancelAnimationFrame(frame);
	frame = requestAnimationFrame(draw);
}

async function poll() {
	if (!pair) return;
	const [tokenIn, tokenOut] = pair;
	const { points, priceUnit } = await get("prices", { tokenIn, tokenOut }).catch(() => ({ points: [] }));
	const unit = unitOf(tokenIn, tokenOut);
	for (const { at, price } of points) add(tokenIn, tokenOut, Date.parse(at), priceUnit === unit.words ? price : turned(price));
	if (points.length) drawChart();
}

// What one gets for a token is another price than what one pays for it: each direction has its own. Numbers are
// kept one way round, whichever way the pair is read.
const nameOf = (tokenIn, tokenOut) => [tokenIn, tokenOut].join();
const number = (price, { base, quote }) => (base < quote ? Number(price) : 1 / Number(price));

function bookOf(tokenIn, tokenOut) {
	const name = nameOf(tokenIn, tokenOut);
	if (!seen.has(name)) seen.set(name, new Map());
	return seen.get(name);
}

function add(tokenIn, tokenOut, t, price) {
	const points = bookOf(tokenIn, tokenOut);
	const value = number(price, unitOf(tokenIn, tokenOut));
	if (Number.isFinite(value) && value > 0) points.set(t, value);
	if (points.size > MOST_POINTS) points.delete(points.keys().next().value);
}

// The lines of the orders of the pair, either way, and of the ticket; a trail's stop is remembered as it moves.
function linesOf(unit, now) {
	const orders = allOrders().filter((order) => isWaiting(order) && !isOver(order) && pair.includes(order.tokenIn) && pair.includes(order.tokenOut));
	const lines = orders.flatMap((order) =>
		conditionsOf(order, unit).flatMap(({ kind, price, place, start }) => {
			if (kind === "trail" && price) follow(order.orderId, now, number(price, unit));
			const name = place === "takeProfit" || (order.entryId && kind === "limit") ? "Take profit" : NAMES[kind];
			return [price && { name, kind, price, id: order.orderId }, !price && start && { name: "Trail from", kind, price: start }].filter(Boolean);
		}),
	);
	return [...lines, ...draft().map((line) => ({ ...line, isDraft: true }))].filter(({ price }) => Number(price) > 0);
}

function follow(id, t, price) {
	if (!trails.has(id)) trails.set(id, []);
	if (trails.get(id).at(-1)?.[1] !== price) trails.get(id).push([t, price]);
}

function draw() {
	if (!pair) return;
	const unit = unitOf(...pair);
	const points = bookOf(...pair);
	const now = Date.now();
	const lines = linesOf(unit, now);
	const shown = [...points].filter(([t]) => t >= now - span).sort(([a], [b]) => a - b).map(([t, value]) => [t, number(value, unit)]);
	setText($("price-title"), `${unit.base} in ${unit.quote}`);
	const last = shown.at(-1)?.[1];
	setText($("price-words"), summaryOf(shown, lines, unit));
	if (last === undefined) return $("price").replaceChildren();
	const near = lines.filter(({ price }) => Math.abs(Number(price) / last - 1) <= MOST_AWAY);
	const [x, y, marks] = scales(shown, near, now);
	const mine = [...trails].filter(([id]) => near.some((line) => line.id === id));
	$("price").replaceChildren(
		svg(
			"svg",
			{ viewBox: "0 0 340 190", role: "img", "aria-label": $("price-words").textContent },
			marks.map((price) => [svg("path", { class: "rule", d: `M${LEFT} ${y(price)}H${RIGHT}` }), label(y(price) + 4, show(String(price), 6))]),
			[now - span, now - span / 2, now].map((t, index) => svg("text", { x: x(t), y: 186, "text-anchor": ["start", "middle", "end"][index] }, clock(t).slice(0, 5))),
			mine.map(([, steps]) => svg("path", { class: "trail", d: stairs(steps.map(([t, price]) => [x(Math.max(t, now - span)), y(number(price, unit))]), x(now)) })),
			near.map((line) => orderLine(line, y(Number(line.price)))),
			svg("path", { "data-hue": "a", d: `M${shown.map(([t, price]) => [x(t), y(price)]).join("L")}H${x(now)}` }),
			svg("circle", { "data-hue": "a", cx: x(now), cy: y(last), r: 3 }),
		),
	);
	if ($("price-table").open) drawTable(shown, lines, last, unit);
}

function scales(shown, near, now) {
	const prices = [...shown.map(([, price]) => price), ...near.map(({ price }) => Number(price))];
	const [low, high] = [Math.min(...prices), Math.max(...prices)];
	const room = (high - low || high * 0.002) * 0.08;
	const [from, to] = [low - room, high + room];
	const x = (t) => RIGHT + ((t - now) / span) * (RIGHT - LEFT);
	const y = (price) => Math.round(10 * (BOTTOM - ((price - from) / (to - from)) * (BOTTOM - TOP))) / 10;
	return [x, y, [from + room, (from + to) / 2, to - room]];
}

const label = (y, text) => svg("text", { x: RIGHT + 5, y }, text);

function orderLine({ name, kind, price, isDraft }, y) {
	const words = `${name} ${show(price, 7)}${isDraft ? ", not placed" : ""}`;
	return [
		svg("path", { class: isDraft ? "draft" : "order", "data-kind": kind, d: `M${LEFT} ${y}H${RIGHT}` }),
		// Of the ticket's at the other end and side, so that two of one price are read.
		svg("text", { "data-kind": kind, ...(isDraft ? { x: RIGHT - 3, y: y + 11, "text-anchor": "end" } : { x: LEFT + 3, y: y - 3 }) }, words),
	];
}

const stairs = (steps, end) => `M${steps.map(([x, y], index) => (index ? `H${x}V${y}` : `${x} ${y}`)).join("")}H${end}`;

function summaryOf(shown, lines, unit) {
	if (!shown.length) return "No prices yet: they come with the quotes of the ticket, and while an order of the pair waits.";
	const prices = shown.map(([, price]) => price);
	const [last, low, high] = [prices.at(-1), Math.min(...prices), Math.max(...prices)].map((price) => show(String(price), 7));
	const named = lines.filter((line) => !line.isDraft).map(({ name, price }) => `${name.toLowerCase()} ${show(price, 7)}`);
	return `${last} ${unit.words}, between ${low} and ${high}.${named.length ? ` Waiting: ${named.slice(0, 6).join(", ")}.` : ""}`;
}

// The same in figures, evenly over the time shown.
function drawTable(shown, lines, last, unit) {
	const step = Math.max(1, Math.ceil(shown.length / TABLE_ROWS));
	const row = (head, price) => h("tr", {}, h("th", { scope: "row" }, head), h("td", {}, show(String(price), 8)), h("td", {}, `${((Number(price) / last - 1) * 100).toFixed(2)} %`));
	const times = shown.filter((_, index) => (shown.length - 1 - index) % step === 0).reverse();
	$("price-rows").replaceChildren(
		h("caption", {}, `${unit.words}, and how far from now`),
		h("tbody", {}, lines.map(({ name, price, isDraft }) => row(name + (isDraft ? " (not placed)" : ""), price)), times.map(([t, price]) => row(clock(t), price))),
	);
}
