// What is wrong with the ticket as it is filled in, by field.

import { isMore, readAmount, show } from "./amounts.js";
import { isWaiting } from "./terms.js";
import { balanceOf, decimalsOf } from "./tokens.js";

const LONGEST_DEADLINE_S = 86_400;

/** Field → sentence, in the order of the ticket; `refusal` is the API's `Problem` with this very order. */
export function faultsOf(order, route, refusal) {
	const wrong = new Map();
	const { tokenIn, tokenOut, amount, mode, slippageBps, deadline } = order;
	const exact = mode === "exactIn" ? "amountIn" : "amountOut";
	const { problem } = readAmount(amount, decimalsOf(mode === "exactIn" ? tokenIn : tokenOut));
	if (problem) wrong.set(exact, problem);
	// What waits is paid for when it is due.
	const short = problem || isWaiting(order) ? "" : shortfall(tokenIn, mode === "exactIn" ? amount : route?.amountIn);
	if (short) wrong.set("amountIn", short);
	if (slippageBps === null || slippageBps < 0 || slippageBps > 10_000) wrong.set("slippageBps", "0 to 100, in steps of 0.01.");
	if (deadline !== undefined && !(Number.isInteger(deadline) && deadline >= 1 && deadline <= LONGEST_DEADLINE_S)) {
		wrong.set("deadline", "1 to 86400 whole seconds.");
	}
	const fields = { amount: exact, clientOrderId: "label" };
	for (const [field, message] of refusal?.fields ?? []) wrong.set(fields[field] ?? field, message);
	return wrong;
}

/** "Insufficient balance: needs 12 SOL, has 3.2"; "" when there is enough, or it is not known. */
export function shortfall(token, needed) {
	const held = balanceOf(token);
	return isMore(needed, held) ? `Insufficient balance: needs ${show(needed, 30)} ${token}, has ${show(held, 30)}` : "";
}
