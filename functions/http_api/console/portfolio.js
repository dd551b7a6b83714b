// What the client owns, what it is worth in USDC at the mid prices, and how that changed since the tab was opened.

import { scaled, show, unscaled } from "./amounts.js";
import { get } from "./api.js";
import { $, h, setText } from "./dom.js";
import { clock } from "./words.js";

const UNIT = "USDC";
const EVERY_MS = 30_000;
const PLACES = 24;
const ONE = 10n ** BigInt(PLACES);
const SAMPLE = 1000n; // Prices are asked for a thousandth of what is held: an amount that the pools trade.
const SESSION = "dexec.session";

const held = new Map();
const prices = new Map([[UNIT, ONE]]);
let pricedAt;
let asking = false;

/** Starts it: prices are asked for now and then, while the page is looked at. */
export function startPortfolio() {
	setInterval(() => document.hidden || price(), EVERY_MS);
	document.addEventListener("visibilitychange", () => document.hidden || price());
}

/** Takes in what the client owns. */
export function setHeld(balances) {
	for (const { symbol, amount } of balances) held.set(symbol, scaled(amount, PLACES));
	if (!pricedAt) price();
}

/** Draws it with the prices that are known. */
export function drawPortfolio() {
	const values = new Map([...held].map(([symbol, units]) => [symbol, valueOf(units, prices.get(symbol))]));
	const known = [...values.values()].filter((value) => value !== null);
	$("holdings").replaceChildren(...[...held].map(([symbol, units]) => line(symbol, units, values.get(symbol))));
	const isWhole = known.length === values.size;
	if (!pricedAt) return;
	put("worth", `${money(total(known))} ${UNIT}`);
	setText($("priced"), `At the mid prices of ${clock(pricedAt)}${isWhole ? "" : ", without what has no price"}.`);
	drawSession();
}

function line(symbol, units, value) {
	const cells = [show(unscaled(units, PLACES), 8), value === null ? "–" : money(value)];
	return h("tr", {}, h("th", { scope: "row" }, symbol), cells.map((text) => h("td", {}, text)));
}

async function price() {
	if (asking) return;
	asking = true;
	const others = [...held].filter(([symbol, units]) => symbol !== UNIT && units > 0n);
	await Promise.allSettled(others.map(([symbol, units]) => priceOf(symbol, units)));
	asking = false;
	if (prices.size < 2 && others.length) return;
	pricedAt = Date.now();
	remember();
	drawPortfolio();
}

async function priceOf(symbol, units) {
	// Not finer than the token: what is left of a few units is asked for whole.
	const places = decimalsOf(symbol);
	const part = unscaled(units / SAMPLE / 10n ** BigInt(PLACES - places), places);
	const amount = scaled(part, PLACES) ? part : unscaled(units, PLACES);
	const { route } = await get("quotes", { tokenIn: symbol, tokenOut: UNIT, amount });
	prices.set(symbol, (scaled(route.costs.reference, PLACES) * ONE) / scaled(amount, PLACES));
}

const decimals = new Map();
const decimalsOf = (symbol) => decimals.get(symbol) ?? 5;

/** How fine each token is, by symbol. */
export function setDecimals(tokens) {
	for (const token of tokens) decimals.set(token.symbol, token.decimals);
}

// --- the session ---------------------------------------------------------------------------------------

// What was held, at which prices, when the tab was opened: a reload is no new session, another key is one.
function remember() {
	const kept = begun();
	const start = kept?.start ?? {};
	for (const [symbol, units] of held) {
		if (prices.has(symbol)) start[symbol] ??= [units, prices.get(symbol)].map(String);
	}
	sessionStorage.setItem(SESSION, JSON.stringify({ at: kept?.at ?? Date.now(), key: nameOfKey(), start }));
}

function begun() {
	const kept = JSON.parse(sessionStorage.getItem(SESSION) ?? "null");
	return kept?.key === nameOfKey() ? kept : null;
}

const nameOfKey = () => sessionStorage.getItem("dexec.key") ?? "";

function drawSession() {
	const kept = begun();
	if (!kept) return;
	let [traded, moved] = [0n, 0n];
	for (const [symbol, [units, price]] of Object.entries(kept.start)) {
		const now = prices.get(symbol);
		if (now === undefined || !held.has(symbol)) continue;
		traded += (held.get(symbol) - BigInt(units)) * now;
		moved += BigInt(units) * (now - BigInt(price));
	}
	const [byTrades, byPrices] = [traded / ONE, moved / ONE];
	const tone = byTrades + byPrices < 0n ? "bad" : "good";
	put("pnl", `${signed(byTrades + byPrices)} ${UNIT}`);
	$("pnl").dataset.tone = tone;
	put("pnl-parts", `${signed(byTrades)} by trades, ${signed(byPrices)} by prices, since ${clock(kept.at)}`);
}

// A figure of another width is another node: what is aligned to the right does not count as moved then.
function put(id, text) {
	if ($(id).textContent !== text) $(id).replaceChildren(h("span", {}, text));
}

const valueOf = (units, price) => (price === undefined ? (units === 0n ? 0n : null) : (units * price) / ONE);
const total = (values) => values.reduce((sum, value) => sum + value, 0n);
const cents = (units) => Number(unscaled(units / 10n ** BigInt(PLACES - 2), 2));
const money = (units) => cents(units).toLocaleString("en", { minimumFractionDigits: 2 });
const signed = (units) => `${units < 0n ? "−" : "+"}${money(units < 0n ? -units : units)}`;
