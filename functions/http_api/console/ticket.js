// The order ticket: what is typed, whether it would be accepted, and sending it.

import { percentToBps, readAmount, scaled, show } from "./amounts.js";
import { execute } from "./api.js";
import { $, h, on, setText } from "./dom.js";
import { preview, startPreview } from "./preview.js";

// The inputs' ids are the API's names for them.
const FIELDS = ["amountIn", "amountOut", "tokenIn", "tokenOut", "slippageBps", "clientId"];
const tokens = new Map();
const balances = new Map();
const unanswered = new Map();
let exact = "amountIn";
let quote;
let refusal;
let sending = false;
let outcome = ["", ""];
let callbacks;

/** Starts it; `onQuoted(order)` gets orders quoted, `onAccepted(order)` orders accepted. */
export function startTicket(handlers) {
	callbacks = handlers;
	for (const field of FIELDS) {
		on(field, "input", () => edited(field));
		$(field).setAttribute("aria-describedby", `error-${field}`);
		$(field).closest(".field").append(h("p", { class: "error", id: `error-${field}` }));
	}
	on("max", "click", spendAll);
	on("flip", "click", flip);
	on("run-five", "click", () => send(5));
	on("ticket", "submit", (event) => {
		event.preventDefault();
		send(1);
	});
	startPreview({ onQuote: quoted, onRefused: refused });
}

/** The tokens that can be swapped. */
export function setTokens(list) {
	for (const token of list) tokens.set(token.symbol, token);
	["tokenIn", "tokenOut"].forEach((id, index) => {
		$(id).replaceChildren(...list.map(({ symbol }) => h("option", {}, symbol)));
		$(id).selectedIndex = index;
	});
	edited(exact);
}

/** What the client owns. */
export function setBalances(list) {
	for (const { symbol, amount } of list) balances.set(symbol, amount);
	judge();
}

const other = () => (exact === "amountIn" ? "amountOut" : "amountIn");
const counted = () => tokens.get($(exact.replace("amount", "token")).value);

function currentOrder() {
	return {
		tokenIn: $("tokenIn").value,
		tokenOut: $("tokenOut").value,
		amount: $(exact).value.trim().replace(/\.$/, ""),
		mode: exact === "amountIn" ? "exactIn" : "exactOut",
		slippageBps: percentToBps($("slippageBps").value),
		clientId: $("clientId").value.trim() || undefined,
	};
}

function edited(field) {
	refusal = null;
	outcome = ["", ""];
	if (field.startsWith("amount")) exact = field;
	if (field === "clientId") return judge();
	quote = null;
	$(other()).value = "";
	const wrong = judge();
	const askable = $(exact).value.trim() && ![exact, "tokenOut", "slippageBps"].some((name) => wrong.has(name));
	preview(askable ? currentOrder() : null);
}

function quoted(answer) {
	quote = answer.route;
	$(other()).value = show(quote[other()], 9).replaceAll(",", "");
	judge();
	callbacks.onQuoted(currentOrder());
}

function refused(problem) {
	refusal = problem;
	judge();
}

// Says at each field what is wrong with it, and at the button why it cannot be pressed.
function judge() {
	const wrong = faults(currentOrder());
	for (const field of FIELDS) {
		setText($(`error-${field}`), wrong.get(field) ?? "");
		$(field).setAttribute("aria-invalid", wrong.has(field));
	}
	for (const side of ["In", "Out"]) {
		const symbol = $(`token${side}`).value;
		setText($(`balance${side}`), balances.has(symbol) ? `Balance ${show(balances.get(symbol), 9)} ${symbol}` : "");
	}
	const [first] = wrong.values();
	const empty = $(exact).value.trim() ? "" : "Enter an amount.";
	const reason = refusal?.message ?? first ?? empty;
	const [text, tone] = reason ? [reason, reason === empty ? "" : "bad"] : outcome;
	setText($("reason"), text);
	$("reason").dataset.tone = tone;
	$("submit").disabled = $("run-five").disabled = reason !== "";
	return wrong;
}

function faults({ tokenIn, tokenOut, amount, slippageBps }) {
	const wrong = new Map();
	const { units, problem } = readAmount(amount, counted()?.decimals ?? 0);
	if (problem) wrong.set(exact, problem);
	if (tokenIn && tokenIn === tokenOut) wrong.set("tokenOut", "Choose two different tokens.");
	if (slippageBps === null || slippageBps < 0 || slippageBps > 10_000) wrong.set("slippageBps", "0 to 100, in steps of 0.01.");
	if (isTooMuch(units)) wrong.set("amountIn", `You have ${show(balances.get(tokenIn))} ${tokenIn}.`);
	for (const [field, message] of refusal?.fields ?? []) {
		wrong.set(field === "amount" ? exact : field, message);
	}
	return wrong;
}

function isTooMuch(typed) {
	const { symbol, decimals } = tokens.get($("tokenIn").value) ?? {};
	const balance = scaled(balances.get(symbol), decimals);
	const needed = exact === "amountIn" ? typed : scaled(quote?.maxAmountIn, decimals);
	return Boolean(needed) && balance !== null && needed > balance;
}

function spendAll() {
	$("amountIn").value = balances.get($("tokenIn").value) ?? "";
	edited("amountIn");
}

function flip() {
	const [from, to] = [$("tokenIn"), $("tokenOut")];
	[from.value, to.value] = [to.value, from.value];
	edited(exact);
}

async function send(count) {
	if (sending || $("submit").disabled) return;
	sending = true;
	showMessage("Sending…");
	const order = currentOrder();
	const answers = await Promise.allSettled(Array.from({ length: count }, (_, index) => sendOne(order, index)));
	sending = false;
	const problem = answers.find((answer) => answer.reason)?.reason;
	const taken = answers.filter((answer) => answer.value).length;
	if (problem?.status === 422) return refused(problem);
	const wait = problem?.status === 429 && problem.waitMs ? ` There is room in ${problem.waitMs / 1000} s.` : "";
	const advice = problem?.unknown ? " Trying again is safe: no order is executed twice." : wait;
	showMessage(`${taken} of ${count} accepted. ${problem?.message ?? ""}${advice}`, problem ? "bad" : "");
}

// An order whose answer got lost is sent again under the same idempotency key.
async function sendOne(order, index) {
	const name = JSON.stringify([order, index]);
	const key = unanswered.get(name) ?? crypto.randomUUID();
	unanswered.set(name, key);
	try {
		const accepted = await execute(order, key, sayRepeat);
		unanswered.delete(name);
		callbacks.onAccepted({ ...order, label: order.clientId, createdAt: new Date().toISOString(), ...accepted });
		return accepted;
	} catch (problem) {
		if (!problem.unknown) unanswered.delete(name);
		throw problem;
	}
}

function sayRepeat(problem, tries, most) {
	showMessage(`${problem.message} Asking again, under the same key (${tries} of ${most})…`, "bad");
}

function showMessage(text, tone = "") {
	outcome = [text, tone];
	judge();
}
