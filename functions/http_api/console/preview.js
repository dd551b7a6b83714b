// The live quote: asked for while one types, renewed while the page is looked at, and how old it is. What is
// shown as fresh may be executed; anything else may not.

import { get } from "./api.js";
import { $, on, setText } from "./dom.js";

const WAIT_MS = 220;
const RENEW_MS = 5_000;
const STALE_MS = 10_000;
const RENEWS_FOR_MS = 600_000; // Then it waits until it is asked to go on.
const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 15_000;
const PATIENCE_MS = 15_000;

let callbacks;
let wanted;
let route;
let problem;
let quotedAt = 0;
let failures = 0;
let renewUntil = 0;
let nextAt = 0;
let said = "";
let timer;
let abort = new AbortController();

/** Starts it: `onQuote(answer)`, `onRefused(problem)`, and `onState()` whenever what is below changes. */
export function startPreview(handlers) {
	callbacks = handlers;
	on("refresh", "click", askNow);
	setInterval(draw, 500);
	document.addEventListener("visibilitychange", () => !document.hidden && recheckPreview());
}

/** Quotes this order from now on; null stops it. */
export function preview(order) {
	abort.abort();
	[wanted, route, problem, failures] = [order, null, null, 0];
	renewUntil = Date.now() + RENEWS_FOR_MS;
	clearTimeout(timer);
	if (order) askIn(WAIT_MS);
	draw();
}

/** Asks at once where a quote is due: the page is looked at, or connected, again. */
export function recheckPreview() {
	if (wanted && !problem?.isRefusal && (!route || Date.now() - quotedAt >= RENEW_MS)) askNow();
}

/** The route that is shown, if it is fresh; else undefined. */
export const freshRoute = () => (state() === "fresh" ? route : undefined);

/** Why there is no fresh quote, in a sentence; "" when there is one, or none is asked for. */
export function whyNoQuote() {
	const tries = problem && `${problem.message} Trying again.`;
	return {
		asking: "Waiting for the quote.",
		failed: `No quote: ${tries}`,
		stale: problem ? `The quote is too old: ${tries}` : "The quote is too old: getting a new one.",
		paused: "The quote is too old: refresh it to go on.",
	}[state()] ?? "";
}

function state() {
	if (!wanted || problem?.isRefusal) return "empty";
	if (!route) return problem ? "failed" : "asking";
	if (Date.now() - quotedAt < STALE_MS) return "fresh";
	return problem || quotedAt < renewUntil ? "stale" : "paused";
}

function askNow() {
	renewUntil = Date.now() + RENEWS_FOR_MS;
	askIn(0);
}

function askIn(ms) {
	clearTimeout(timer);
	nextAt = Date.now() + ms;
	timer = setTimeout(ask, ms);
}

async function ask() {
	if (document.hidden) return;
	abort.abort();
	const { signal } = (abort = new AbortController());
	const { tokenIn, tokenOut, amount, mode, slippageBps } = wanted;
	try {
		const within = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]);
		const answer = await get("quotes", { tokenIn, tokenOut, amount, mode, slippageBps }, within);
		if (!signal.aborted) answered(answer);
	} catch (error) {
		if (!signal.aborted) failed(error);
	}
	draw();
}

function answered(answer) {
	[route, problem, quotedAt, failures] = [answer.route, null, Date.now(), 0];
	if (quotedAt < renewUntil) askIn(RENEW_MS);
	callbacks.onQuote(answer);
}

function failed(error) {
	problem = error;
	if (error.isRefusal) {
		route = null;
		return callbacks.onRefused(error);
	}
	const wait = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** failures) * (0.75 + Math.random() / 4);
	failures += 1;
	askIn(Math.max(wait, error.waitMs ?? 0));
}

function draw() {
	const [now, why] = [state(), whyNoQuote()];
	const isNews = $("preview").dataset.state !== now || why !== said;
	$("preview").dataset.state = now;
	said = why;
	$("refresh").hidden = !["stale", "failed", "paused"].includes(now);
	setText($("preview-age"), ageWords(now));
	if (isNews) callbacks.onState();
}

function ageWords(now) {
	const left = `trying again in ${Math.max(0, Math.ceil((nextAt - Date.now()) / 1000))} s`;
	const age = `${Math.floor((Date.now() - quotedAt) / 1000)} s old`;
	if (now === "failed") return `No quote, ${left}`;
	if (now === "asking") return "Asking the venues…";
	if (now === "fresh") return age;
	if (now === "empty") return "";
	return problem ? `Stale, ${left}` : `Stale, ${age}`;
}
