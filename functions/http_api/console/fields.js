// The ticket's fields: what is filled in, and filling in for the user.

import { percentToBps, portion } from "./amounts.js";
import { $, setText } from "./dom.js";
import { balanceOf, decimalsOf } from "./tokens.js";

let exact = "amountIn";

/** The amount that is typed, and the one that follows from the quote. */
export const typedAmount = () => exact;
export const quotedAmount = () => (exact === "amountIn" ? "amountOut" : "amountIn");

/** This amount is the one that is typed from now on; the other is unknown. */
export function typeInto(field) {
	exact = field;
	write(quotedAmount(), "");
}

/** Writes an amount, exactly as it is, in a size in which it fits. */
export function write(field, text) {
	$(field).value = text;
	fit(field);
}

/** Makes a long amount fit: the style sheet shrinks it by the number of its characters. */
export const fit = (field) => $(field).style.setProperty("--chars", Math.max($(field).value.length, 1));

/** The order that is filled in, in the API's words. */
export function currentOrder() {
	const deadline = $("deadline").value.trim();
	return {
		tokenIn: $("tokenIn").value,
		tokenOut: $("tokenOut").value,
		amount: $(exact).value.trim().replace(/\.$/, ""),
		mode: exact === "amountIn" ? "exactIn" : "exactOut",
		slippageBps: percentToBps($("slippageBps").value),
		clientOrderId: $("label").value.trim() || undefined,
		deadline: deadline ? Number(/^\d+$/.test(deadline) ? deadline : NaN) : undefined,
	};
}

/** Chooses a token: "tokenIn" or "tokenOut". */
export function chooseToken(field, symbol) {
	$(field).value = symbol;
	setText($(field), symbol);
	$(field).setAttribute("aria-label", `Token you ${field === "tokenIn" ? "pay" : "receive"}: ${symbol}`);
}

/** Turns the swap round: what would be received is what is paid now. */
export function turnRound() {
	const [paid, received] = [$("amountIn").value, $("amountOut").value];
	const [from, to] = [$("tokenIn").value, $("tokenOut").value];
	chooseToken("tokenIn", to);
	chooseToken("tokenOut", from);
	write("amountIn", received);
	write("amountOut", paid);
	typeInto(received || !paid ? "amountIn" : "amountOut");
}

/** Fills in so many percent of the balance. */
export function writePortion(percent) {
	const symbol = $("tokenIn").value;
	const balance = balanceOf(symbol);
	write("amountIn", balance === undefined ? "" : portion(balance, percent, decimalsOf(symbol)));
}

/** Fills in the slippage limit, and marks the button that is the same. */
export function markSlippage(percent = $("slippageBps").value) {
	$("slippageBps").value = percent;
	const bps = percentToBps(percent);
	for (const button of $("slippages").children) {
		button.setAttribute("aria-pressed", bps !== null && percentToBps(button.value) === bps);
	}
}
