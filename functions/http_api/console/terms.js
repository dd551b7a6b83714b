// What an order waits for, in the API's words and in a trader's.

import { show } from "./amounts.js";
import { inUnit, unitOf } from "./prices.js";

const NAMES = ["orderType", "limitPrice", "triggerPrice", "trailingBps", "activationPrice", "triggerPriceType", "confirmTicks", "timeInForce"];
const TYPES = { market: "Market", limit: "Limit", stop: "Stop", trailingStop: "Trailing stop", oco: "OCO" };

/** The order's fields that say what it waits for, as the API names them. */
export const TERMS = [...NAMES, "takeProfit", "stopLoss", "expiresAt"];

/** Whether an order waits for a price before it trades; whether it does so now. */
export const isWaiting = ({ orderType = "market" }) => orderType !== "market";
export const rests = ({ status }) => status === "open" || status === "held";

/** Its type as a word. */
export const typeWords = ({ orderType = "market" }) => TYPES[orderType] ?? orderType;

/**
 * What an order waits for, one by one: {kind: "limit", "stop" or "trail", price, percent, start, floor}. Prices
 * are in `unit`; `place` is where the API has the condition: "" or the name of an object.
 */
export function conditionsOf(order, unit = unitOf(order.tokenIn, order.tokenOut)) {
	const at = (price) => inUnit(price ?? null, order.priceUnit ?? unit.words, unit);
	const { orderType = "market", takeProfit, stopLoss } = order;
	const limit = (fields, place) => ({ kind: "limit", place, price: at(fields.limitPrice) });
	const stop = (fields, place) => ({
		kind: fields.trailingBps == null ? "stop" : "trail",
		place,
		price: at(fields.triggerPrice ?? order.market?.stopPrice),
		percent: fields.trailingBps == null ? null : String(fields.trailingBps / 100),
		start: at(fields.activationPrice),
		floor: at(fields.limitPrice),
	});
	if (orderType === "limit") return [limit(order, "")];
	if (orderType !== "oco") return orderType === "market" ? [] : [stop(order, "")];
	return [takeProfit && limit(takeProfit, "takeProfit"), stopLoss && stop(stopLoss, "stopLoss")].filter(Boolean);
}

/** Whether a higher price, read in this unit, is a better one for who pays this token. */
export const isHigherBetter = (tokenIn, unit) => unit.base === tokenIn;

/** "Stop 140", "Trail 2 %, stop at 149.2": what an order waits for, short. */
export function shortWords(condition) {
	const { kind, price, percent, floor } = condition;
	const then = floor ? `, limit ${show(floor)}` : "";
	if (kind === "trail") return `Trail ${percent} %${price ? `, stop at ${show(price)}` : ""}${then}`;
	return `${kind === "limit" ? "Limit" : "Stop"} ${show(price)}${then}`;
}

/** What an order does, in a sentence; `exit` is the order that follows it. */
export function sentenceOf(order, exit = null) {
	const unit = unitOf(order.tokenIn, order.tokenOut);
	const words = conditionsOf(order, unit).map((one) => conditionWords(one, unit, isHigherBetter(order.tokenIn, unit)));
	const how = words.length ? words.join(", or ") + (words.length > 1 ? ": whichever comes first" : "") : "at the market, now";
	const tries = order.timeInForce === "ioc" ? " It is tried once; what misses is cancelled." : "";
	return `${swapOf(order, unit)} ${how}.${tries}${exit ? exitWords(exit, unit) : ""}`;
}

function swapOf({ tokenIn, tokenOut, mode, amount }, unit) {
	const [isExactIn, isSale] = [mode !== "exactOut", unit.base === tokenIn];
	if (!Number(amount)) return `${isSale ? "Sell" : "Spend"} what its entry gets`; // Of an exit that is held.
	const known = show(amount, 12);
	if (isExactIn === isSale) return `${isSale ? "Sell" : "Buy"} ${known} ${unit.base}`;
	return isSale ? `Sell ${tokenIn} for ${known} ${tokenOut}` : `Buy ${tokenOut} with ${known} ${tokenIn}`;
}

function conditionWords({ kind, price, percent, start, floor }, unit, isUp) {
	const at = (value) => `${show(value, 12)} ${unit.words}`;
	if (kind === "limit") return `at ${at(price)} or better`;
	const then = floor ? `at ${at(floor)} or better` : "at the market then";
	if (kind === "stop") return `when the price ${isUp ? "falls" : "rises"} to ${at(price)}, ${then}`;
	const from = start ? `, once it was at ${at(start)}` : "";
	return `when the price has ${isUp ? `fallen ${percent} % from its highest` : `risen ${percent} % from its lowest`}${from}, ${then}`;
}

function exitWords(exit, unit) {
	const words = conditionsOf({ ...exit, orderType: "oco" }, unit).map((one) => conditionWords(one, unit, isHigherBetter(exit.tokenIn, unit)));
	return ` Then ${unit.base === exit.tokenIn ? "sell" : "spend"} what it got ${words.join(", or ")}.`;
}

/**
 * The body of an order: by side where its prices are of the token whose amount is fixed, and those of its exit
 * are too; else by tokens, where an exit's prices are of what it sells.
 */
export function bodyOf({ priceUnit, exit, ...order }) {
	const body = { ...order, takeProfit: order.takeProfit ?? exit?.takeProfit, stopLoss: order.stopLoss ?? exit?.stopLoss };
	const exact = order.mode === "exactIn" ? order.tokenIn : order.tokenOut;
	if (!priceUnit?.endsWith(` per ${exact}`) || (exit && exit.priceUnit !== priceUnit)) return body;
	const { tokenIn, tokenOut, mode, ...rest } = body;
	const isSale = mode === "exactIn";
	return { side: isSale ? "sell" : "buy", baseAsset: exact, quoteAsset: isSale ? tokenOut : tokenIn, ...rest };
}
