// The order ticket: whether what is filled in may be executed, and executing what is shown.

import { show, sum } from "./amounts.js";
import { $, h, on, setText } from "./dom.js";
import { chartPair, chartQuote, drawChart } from "./chart.js";
import { faultsOf, shortfall } from "./faults.js";
import * as fields from "./fields.js";
import { pickToken, startPicker } from "./picker.js";
import { freshRoute, preview, startPreview, whyNoQuote } from "./preview.js";
import { legTable, quoteTable, shareBars, why } from "./route.js";
import { limitOf, sendOrders, unansweredLimit } from "./sending.js";
import { conditionsOf, isWaiting, sentenceOf } from "./terms.js";
import { drawSummary, isImpactAccepted, resetAccepted, startSummary } from "./summary.js";
import { balanceOf, keepBalances, keepTokens } from "./tokens.js";
import { drawFaults, drawTypes, expiry, judgeTerms, readTerms, setMarketPrice, startTypes } from "./types.js";
import { repeatWords } from "./words.js";

const INPUTS = ["amountIn", "amountOut", "slippageBps", "label", "deadline"];
const UNQUOTED = ["label", "deadline"];
const FIVE = 5;
const RESENT = "This limit is that of the order that was not answered: sending it again sends the same order.";
const WAITS = "This quote is of now, to compare with: the order is quoted anew when it is due.";
let shown = null;
let refusal;
let sending = false;
let insisted = false;
let outcome = ["", ""];
let callbacks;

/** Starts it: `onQuoted(order)` gets orders quoted, `onAccepted(orders)` those accepted together. */
export function startTicket(handlers) {
	callbacks = handlers;
	for (const field of INPUTS) {
		on(field, "input", () => edited(field));
		$(field).setAttribute("aria-describedby", `error-${field}`);
		$(field).closest(".field").append(h("p", { class: "error", id: `error-${field}` }));
	}
	on("sizes", "click", ({ target }) => target.value && spend(target.value));
	on("slippages", "click", ({ target }) => target.value && chooseSlippage(target.value));
	on("flip", "click", flip);
	on("tokenIn", "click", () => pick("tokenIn", "tokenOut"));
	on("tokenOut", "click", () => pick("tokenOut", "tokenIn"));
	// The second press of a double click is no second order.
	on("run-five", "click", ({ detail }) => detail > 1 || send(FIVE));
	on("submit", "click", (event) => event.detail > 1 && event.preventDefault());
	on("ticket", "keydown", insist);
	on("ticket", "submit", (event) => {
		event.preventDefault();
		send(1);
	});
	startTypes(() => {
		forget();
		judge();
	});
	startPicker();
	startSummary({ onAccept: judge });
	startPreview({ onQuote: quoted, onRefused: refused, onState: judge });
}

/** The tokens that can be swapped. */
export function setTokens(list) {
	keepTokens(list);
	fields.chooseToken("tokenIn", list[0].symbol);
	fields.chooseToken("tokenOut", list[1].symbol);
	edited(fields.typedAmount());
}

/** What the order that is filled in waits for, for the chart. */
export const draftLines = () => conditionsOf(currentOrder()).map(({ kind, price }) => ({ name: `This ${kind}`, kind, price }));

/** What the client owns. */
export function setBalances(list) {
	keepBalances(list);
	judge();
}

/** What kind of market it is, from the API's configuration. */
export function setMarket({ paperSpread }) {
	const note = "Paper market: the venues' prices lie 2 to 5 % apart by design, so a round trip can earn. PaperSpread=tight makes it 5 to 30 bps.";
	setText($("market"), paperSpread === "default" ? note : "");
}

const forget = () => ([refusal, outcome, insisted] = [null, ["", ""], false]);

function currentOrder() {
	const order = fields.currentOrder();
	const terms = readTerms(order);
	// What waits expires at a time, not so many seconds after it was accepted.
	return { ...order, ...terms, deadline: isWaiting(terms) ? undefined : order.deadline };
}

function edited(field) {
	forget();
	if (UNQUOTED.includes(field)) return judge();
	if (field.startsWith("amount")) fields.typeInto(field);
	fields.fit(fields.typedAmount());
	fields.markSlippage();
	$(fields.quotedAmount()).value = "";
	resetAccepted();
	const order = currentOrder();
	const wrong = faultsOf(order);
	const isAskable = order.amount && ![fields.typedAmount(), "slippageBps"].some((name) => wrong.has(name));
	if (!isAskable || field.startsWith("token")) drawRoute(null);
	if (field.startsWith("token")) drawTypes();
	chartPair(order.tokenIn, order.tokenOut);
	preview(isAskable ? order : null);
	judge();
}

function quoted({ quotes, route }) {
	insisted = false;
	fields.write(fields.quotedAmount(), route[fields.quotedAmount()]);
	drawRoute(route, quotes);
	chartQuote(route);
	judge();
	callbacks.onQuoted(fields.currentOrder());
}

function refused(problem) {
	refusal = problem;
	drawRoute(null);
	judge();
}

function drawRoute(route, quotes) {
	shown = route;
	const none = h("p", { class: "quiet" }, "What each venue quotes, and how the order is split.");
	$("route").replaceChildren(
		...(route ? [...shareBars(route), legTable(route), quoteTable(quotes, route), why(route)] : [none]),
	);
}

// The limit that is shown is the one that pressing Execute sends, be it that of an unanswered order.
function drawTerms(order, caution) {
	const sent = isWaiting(order) ? null : unansweredLimit(order);
	const limit = shown && !isWaiting(order) ? limitOf(shown) : {};
	const note = sent ? RESENT : caution || (isWaiting(order) ? WAITS : "");
	drawSummary(shown, order.slippageBps, sent ?? limit, note);
}

// Says at each field what is wrong with it, and at the button why it cannot be pressed.
function judge() {
	setMarketPrice(shown);
	const order = currentOrder();
	const terms = judgeTerms(order, refusal);
	const wrong = new Map([...faultsOf(order, freshRoute(), refusal), ...terms.wrong]);
	drawFaults(wrong);
	for (const field of INPUTS) {
		setText($(`error-${field}`), wrong.get(field) ?? "");
		$(field).setAttribute("aria-invalid", wrong.has(field));
	}
	if (UNQUOTED.some((field) => wrong.has(field))) $("advanced").open = true;
	drawBalances();
	drawTerms(order, terms.caution);
	drawChart();
	setText($("says"), order.amount && !terms.missing && !wrong.size ? sentenceOf(order, order.exit) : "");
	const reason = whyOff(order, wrong, terms.missing);
	const isFault = Boolean(refusal || wrong.size || insisted);
	const [text, tone] = reason ? [insisted ? `Not sent. ${reason}` : reason, isFault ? "bad" : ""] : outcome;
	setText($("reason"), text);
	$("reason").dataset.tone = tone;
	$("submit").disabled = $("run-five").disabled = reason !== "";
}

function whyOff(order, wrong, incomplete) {
	const [first] = wrong.values();
	if (refusal || first) return refusal?.message ?? first;
	if (!order.amount) return "Enter an amount.";
	if (isWaiting(order)) return incomplete;
	const missing = whyNoQuote();
	if (missing) return missing;
	const route = freshRoute();
	return route && isImpactAccepted(route) ? "" : "Agree to the price impact first.";
}

function drawBalances() {
	for (const side of ["In", "Out"]) {
		const symbol = $(`token${side}`).value;
		const balance = balanceOf(symbol);
		setText($(`balance${side}`), balance === undefined ? "" : `Balance ${show(balance, 9)} ${symbol}`);
	}
}

function pick(field, other) {
	const title = field === "tokenIn" ? "Token you pay" : "Token you receive";
	pickToken(title, $(field).value, (symbol) => {
		if (symbol === $(other).value) return flip();
		fields.chooseToken(field, symbol);
		edited(field);
	});
}

function flip() {
	fields.turnRound();
	drawRoute(null);
	edited(fields.typedAmount());
}

function spend(percent) {
	fields.writePortion(percent);
	edited("amountIn");
}

function chooseSlippage(percent) {
	fields.markSlippage(percent);
	edited("slippageBps");
}

// Enter where nothing may be sent: says why instead. While it is held, it sends one order, not one after the other.
function insist(event) {
	if (event.key === "Enter" && event.repeat) return event.preventDefault();
	if (event.key !== "Enter" || event.target.tagName !== "INPUT" || !$("submit").disabled) return;
	event.preventDefault();
	insisted = true;
	judge();
}

async function send(count) {
	const [order, route] = [currentOrder(), freshRoute()];
	const waits = isWaiting(order);
	judge();
	if (sending || !(route || waits) || $("submit").disabled) return;
	const short = waits ? "" : shortfall(order.tokenIn, sum(new Array(count).fill(route?.amountIn ?? "0")));
	if (short) return showMessage(`${short}, for ${count} orders.`, "bad");
	sending = true;
	showMessage("Sending…");
	const { accepted, problem } = await sendOrders(order, waits ? expiry() : limitOf(route), count, sayRepeat);
	sending = false;
	if (accepted.length) callbacks.onAccepted(accepted);
	if (problem?.status === 422) refusal = problem;
	const wait = problem?.status === 429 && problem.waitMs ? ` There is room in ${problem.waitMs / 1000} s.` : "";
	const advice = problem?.unknown ? " Trying again is safe: no order is executed twice." : wait;
	showMessage(`${accepted.length} of ${count} accepted. ${problem?.message ?? ""}${advice}`, problem ? "bad" : "");
}

function sayRepeat(problem, tries, most) {
	showMessage(repeatWords(problem, tries, most), "bad");
}

function showMessage(text, tone = "") {
	outcome = [text, tone];
	judge();
}
