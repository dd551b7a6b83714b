// The ticket's types of orders: the fields of each, read into an order, and what is wrong with them.

import { isMore, percentToBps, readAmount, show } from "./amounts.js";
import { $, h, on, setText } from "./dom.js";
import { marketPrice, moved, turned, turnedToSend, turnUnit, unitOf } from "./prices.js";
import { conditionsOf, isHigherBetter } from "./terms.js";

const PLACES = 18;
const STOP = [["trigger", "Stop price", -1], ["trail", "Trail, %"], ["start", "Trail from price, optional"], ["floor", "Limit once stopped, optional"]];
const PROFIT = ["profit", "Take profit at", 1];
const FIELDS = [["limit", "Limit price", 1], PROFIT, ...STOP].map(([name, ...rest]) => [`at-${name}`, ...rest]);
const EXIT_FIELDS = [PROFIT, ...STOP].map(([name, label, side]) => [`exit-${name}`, label, side && -side]);
const SHOWN = {
	market: [],
	limit: ["limit"],
	stop: ["trigger", "floor"],
	trailingStop: ["trail", "start", "floor"],
	oco: ["profit", "trigger", "trail", "floor"],
};
const NEEDED = { limit: "Enter a limit price.", stop: "Enter a stop price.", trailingStop: "Enter how far it trails.", oco: "Enter a take profit and a stop, at a price or trailing." };
const PRESETS = [1, 2, 5];
const API_NAMES = { limitPrice: "floor", triggerPrice: "trigger", trailingBps: "trail", activationPrice: "start" };
let market = null;

/** Starts it: `onEdit()` whenever something else is asked for. */
export function startTypes(onEdit) {
	$("own-terms").append(...FIELDS.map(field));
	$("exit-terms").append(...EXIT_FIELDS.map(field));
	for (const id of ["own-terms", "exit-terms"]) {
		on(id, "input", ({ target }) => onEdit(dropOther(target.id)));
		on(id, "click", ({ target }) => target.type === "button" && onEdit(preset(target)));
	}
	for (const id of ["types", "waiting-options"]) on(id, "input", () => onEdit(drawTypes()));
	on("bracket", "toggle", () => onEdit(drawTypes()));
	on("unit", "click", () => {
		turnUnit($("tokenIn").value, $("tokenOut").value);
		// What was typed keeps its meaning.
		for (const input of document.querySelectorAll(".priced")) input.value &&= turned(input.value) ?? input.value;
		onEdit(drawTypes());
	});
	drawTypes();
}

// A stop is at a price, or it trails: what is typed last counts.
function dropOther(id) {
	const [prefix, name] = id.split("-");
	const other = { trigger: "trail", trail: "trigger" }[name];
	if (other && $(id).value) $(`${prefix}-${other}`).value = "";
}

/** The type that is chosen, as the API names it. */
export const chosenType = () => document.querySelector("#types :checked").value;

/** What the market is now, from the route shown; undefined when there is none. */
export function setMarketPrice(route) {
	market = route ? marketPrice(route, unit()) : null;
	drawUnit();
}

/** Shows the fields of the type that is chosen, in the unit of the pair. */
export function drawTypes() {
	const type = chosenType();
	for (const [id] of FIELDS) $(`${id}-field`).hidden = !SHOWN[type].includes(id.slice(3));
	$("bracket").hidden = type === "oco";
	$("tries-field").hidden = ["market", "oco"].includes(type);
	$("unit-line").hidden = type === "market" && !$("bracket").open;
	$("deadline").closest(".field").hidden = type !== "market";
	$("expires").closest(".field").hidden = type === "market";
	$("waiting-options").hidden = type === "market" && !$("bracket").open;
	setText($("submit"), type === "market" ? "Execute order" : "Place order");
	setText($("advanced").firstElementChild, type === "market" ? "Label and deadline" : "Label, expiry and more");
	const isUp = isHigherBetter($("tokenIn").value, unit());
	for (const [id, , side] of [...FIELDS, ...EXIT_FIELDS]) {
		const better = isUp ? side : -side;
		for (const chip of $(`${id}-field`).querySelectorAll(".chip")) {
			chip.value = better * Math.abs(chip.value);
			setText(chip, `${better > 0 ? "+" : "−"}${Math.abs(chip.value)} %`);
		}
	}
	drawUnit();
}

/** The terms of the order that is filled in, in the API's words: {} of a market order without exits. */
export function readTerms({ tokenIn, tokenOut, mode }) {
	const [type, shown] = [chosenType(), unit()];
	const natural = `${tokenOut} per ${tokenIn}`;
	const isBySide = shown.base === (mode === "exactIn" ? tokenIn : tokenOut);
	const [priceUnit, exitUnit] = isBySide ? [shown.words, shown.words] : [natural, `${tokenIn} per ${tokenOut}`];
	const own = (name) => price(`at-${name}`, shown.words === priceUnit, isHigherBetter(tokenIn, shown));
	const later = (name) => price(`exit-${name}`, shown.words === exitUnit, !isHigherBetter(tokenIn, shown));
	const exit = type === "oco" || !$("bracket").open ? {} : partsOf(later, "exit-");
	const found = exit.takeProfit || exit.stopLoss ? { exit: { ...exit, tokenIn: tokenOut, tokenOut: tokenIn, priceUnit: exitUnit }, priceUnit } : {};
	if (type === "market") return found;
	const tries = type === "oco" || $("tries").value === "gtc" ? {} : { timeInForce: $("tries").value };
	return { orderType: type, priceUnit, ...ownTerms(type, own), ...tries, ...found };
}

/** When the order expires, for the API: counted from now. */
export function expiry() {
	const seconds = chosenType() === "market" ? 0 : Number($("expires").value);
	return seconds ? { expiresAt: new Date(Date.now() + 1000 * seconds).toISOString() } : {};
}

function ownTerms(type, own) {
	if (type === "limit") return { limitPrice: own("limit") };
	return type === "oco" ? partsOf(own, "at-") : stopOf(own, "at-");
}

function partsOf(read, prefix) {
	const [profit, stop] = [read("profit"), stopOf(read, prefix)];
	const stops = stop.triggerPrice !== undefined || stop.trailingBps !== undefined;
	return { takeProfit: profit && { limitPrice: profit }, stopLoss: stops ? stop : undefined };
}

function stopOf(read, prefix) {
	const bps = percentToBps(typed(`${prefix}trail`));
	const ticks = $("ticks").value;
	return {
		triggerPrice: read("trigger"),
		trailingBps: bps ?? undefined,
		activationPrice: read("start"),
		limitPrice: read("floor"),
		triggerPriceType: $("trigger-type").value || undefined,
		confirmTicks: ticks ? Number(ticks) : undefined,
	};
}

/**
 * What is wrong with the terms, field → sentence; `missing` says what is not filled in, `caution` what to mind
 * of what may be sent, both "" for nothing.
 */
export function judgeTerms(order, refusal) {
	const wrong = new Map();
	for (const [id] of [...FIELDS, ...EXIT_FIELDS]) {
		const { problem } = id.endsWith("trail") ? readPercent(id) : readAmount(typed(id), PLACES);
		if (problem) wrong.set(id, problem);
	}
	const type = chosenType();
	const isMissing = { limit: !order.limitPrice, stop: !order.triggerPrice, trailingStop: order.trailingBps == null, oco: !(order.takeProfit && order.stopLoss) }[type];
	if (!isMissing && !wrong.size) judgeSides(order, wrong);
	for (const [field, message] of refusal?.fields ?? []) wrong.set(fieldOf(field, type), message);
	const own = conditionsOf(order);
	const limit = own.find((one) => one.kind === "limit");
	const isMet = !isMissing && !wrong.size && limit && market && !isWorse(market, limit.price, order.tokenIn);
	return {
		wrong,
		missing: isMissing ? NEEDED[type] : "",
		caution: isMet ? `The market is there already, at ${show(market, 8)}: it executes at once, at that price or better.` : "",
	};
}

// Stops below the market, take-profits above it: for who pays what is priced; the other way round for the other.
function judgeSides(order, wrong) {
	const own = conditionsOf(order);
	side(order.tokenIn, own, market, "at-", wrong, theMarket());
	if (!order.exit) return;
	const entry = own[0]?.price ?? market;
	side(order.exit.tokenIn, conditionsOf({ ...order.exit, orderType: "oco" }), entry, "exit-", wrong, entry === market ? theMarket() : `the entry at ${show(entry, 8)}`, true);
}

function side(tokenIn, found, from, prefix, wrong, whose, isExit = false) {
	const [limit, stop] = ["limit", "stop"].map((kind) => found.find((one) => one.kind === kind));
	const [above, below] = isHigherBetter(tokenIn, unit()) ? ["above", "below"] : ["below", "above"];
	if (stop && from && !isWorse(stop.price, from, tokenIn)) wrong.set(`${prefix}trigger`, `The stop must be ${below} ${whose}.`);
	if (isExit && limit && from && !isWorse(from, limit.price, tokenIn)) wrong.set(`${prefix}profit`, `The take profit must be ${above} ${whose}.`);
	if (limit && stop && !isWorse(stop.price, limit.price, tokenIn)) wrong.set(`${prefix}profit`, `The take profit must be ${above} the stop at ${show(stop.price, 8)}.`);
}

/** Whether a price is worse than another for who pays this token. */
const isWorse = (price, other, tokenIn) => (isHigherBetter(tokenIn, unit()) ? isMore(other, price) : isMore(price, other));

function fieldOf(name, type) {
	const [first, last] = name.split(".");
	const isProfit = first === "takeProfit" || name === "targetPrice";
	const id = isProfit ? "profit" : type === "limit" && !last ? "limit" : (API_NAMES[last ?? first] ?? name);
	return `${last && type !== "oco" ? "exit" : "at"}-${id}`;
}

const unit = () => unitOf($("tokenIn").value, $("tokenOut").value);
const typed = (id) => ($(`${id}-field`).hidden ? "" : $(id).value.trim().replace(/\.$/, ""));
const theMarket = () => `the market, now at ${show(market, 8)}`;

function price(id, isAsTyped, isHigher) {
	const text = typed(id);
	if (!text || readAmount(text, PLACES).problem) return undefined;
	// Turned round, a limit is rounded against the market.
	return isAsTyped ? text : turnedToSend(text, !isHigher);
}

function readPercent(id) {
	const [text, bps] = [typed(id), percentToBps(typed(id))];
	const isFine = !text || (bps !== null && bps >= 1 && bps <= 9000);
	return { problem: isFine ? "" : "0.01 to 90, in steps of 0.01." };
}

function preset(button) {
	const isExit = button.closest(".terms-of").id === "exit-terms";
	const from = (isExit && (typed("at-limit") || typed("at-trigger"))) || market;
	if (from) $(button.dataset.for).value = moved(from, Number(button.value));
	dropOther(button.dataset.for);
}

function field([id, label, side]) {
	const chip = (percent) => h("button", { type: "button", class: "chip", value: percent, data: { for: id } }, String(percent));
	const chips = side && h("div", { class: "chips", role: "group", "aria-label": `${label}, from the price now` }, PRESETS.map(chip));
	const input = h("input", { id, inputmode: "decimal", class: id.endsWith("trail") ? null : "priced", "aria-describedby": `error-${id}` });
	return h("div", { class: "field", id: `${id}-field` }, h("label", { for: id }, label), chips, input, h("p", { class: "error", id: `error-${id}` }));
}

function drawUnit() {
	setText($("unit").firstElementChild, `Prices in ${unit().words}`);
	setText($("now"), market ? `now ${show(market, 7)}` : "");
}

/** Marks what is wrong at the fields of the terms. */
export function drawFaults(wrong) {
	for (const [id] of [...FIELDS, ...EXIT_FIELDS]) {
		setText($(`error-${id}`), wrong.get(id) ?? "");
		$(id).setAttribute("aria-invalid", wrong.has(id));
	}
}
