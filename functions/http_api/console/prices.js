// Prices of a pair: the unit in which they are read, turned round, moved, compared.

import { ratio, scaled, shifted, show, sum, unscaled } from "./amounts.js";

const QUOTES = ["USDC", "USDT", "SOL"]; // What others are priced in, the most usual first.
const PLACES = 24;
const DIGITS = { sent: 15, read: 12, typed: 6 };
const turnedRound = new Set();

/** How prices of a pair are read: of one `base`, in `quote`; `words` are "USDC per SOL". */
export function unitOf(one, other) {
	const rank = (token) => (QUOTES.includes(token) ? QUOTES.indexOf(token) : QUOTES.length);
	const pair = [one, other].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
	if (turnedRound.has(pair.join())) pair.reverse();
	const [quote, base] = pair;
	return { quote, base, words: `${quote} per ${base}` };
}

/** Reads the prices of a pair the other way round from now on. */
export function turnUnit(one, other) {
	for (const name of [[one, other].join(), [other, one].join()]) {
		if (!turnedRound.delete(name)) turnedRound.add(name);
	}
}

/** 1 / price, to read, as the API shows it in `inverse`; or to send, rounded up or cut. */
export const turned = (price) => inverseOf(price, DIGITS.read, (step) => step / 2n);
export const turnedToSend = (price, isUp) => inverseOf(price, DIGITS.sent, (step) => (isUp ? step - 1n : 0n));

/** A price that counts `words` ("USDC per SOL"), in a unit. */
export const inUnit = (price, words, unit) => (price == null || words === unit.words ? price : turned(price));

/** A price and so many percent of it, to the digits that one would type. */
export const moved = (price, percent) =>
	kept((scaled(price, PLACES) * BigInt(Math.round(1000 + 10 * percent))) / 1000n, DIGITS.typed, () => 0n);

/** How far `to` lies from `from`, in percent: "8.1 %"; "" when unknown. */
export function awayWords(from, to) {
	const away = ratio(to && from && sum([to, `-${from}`]), from);
	return away === null ? "" : `${show(shifted(away.replace("-", ""), 2), 3, 1)} %`;
}

/** What a small amount would get beside a route: its rate without the impact of its own size, in a unit. */
export function marketPrice({ mode, tokenIn, amountIn, amountOut, costs }, unit) {
	const impact = costs?.impact ?? "0";
	const paid = mode === "exactOut" ? sum([amountIn, `-${impact}`]) : amountIn;
	const got = mode === "exactOut" ? amountOut : sum([amountOut, impact]);
	return unit.base === tokenIn ? ratio(got, paid) : ratio(paid, got);
}

function inverseOf(price, digits, add) {
	const inverse = ratio("1", price);
	return inverse && kept(scaled(inverse, PLACES), digits, add);
}

// So many digits of it; `add(step)` says how it is rounded.
function kept(units, digits, add) {
	const step = 10n ** BigInt(Math.max(0, String(units).length - digits));
	return unscaled(((units + add(step)) / step) * step, PLACES);
}
