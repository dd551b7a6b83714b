// Sends what the ticket shows. An order whose answer got lost is sent again as it was, under the same
// idempotency key, for as long as the ticket asks for the same.

import { isMore } from "./amounts.js";
import { execute } from "./api.js";
import { bodyOf } from "./terms.js";

const KEPT = "dexec.unanswered";

// Kept with the tab: who reloads the page because an order seems to hang must not make two of it.
const unanswered = new Map(JSON.parse(sessionStorage.getItem(KEPT) ?? "[]"));

const nameOf = (order, index) => JSON.stringify([order, index]);

/** What is shown as minimum received or most paid, as the order's field; nothing where any price is accepted. */
export function limitOf({ mode, minAmountOut, maxAmountIn }) {
	if (mode === "exactOut") return { maxAmountIn };
	return isMore(minAmountOut, "0") ? { minAmountOut } : {};
}

/** The limit under which this order went out and was not answered: sending it again sends that one. */
export const unansweredLimit = (order) => unanswered.get(nameOf(order, 0))?.limit;

/**
 * Sends an order `count` times, with the limit shown; returns {accepted: [order], problem}.
 * `onRepeat(problem, tries, most)` is called at each repeat.
 */
export async function sendOrders(order, limit, count, onRepeat) {
	const sent = Array.from({ length: count }, (_, index) => sendOne(order, limit, index, onRepeat));
	const answers = await Promise.allSettled(sent);
	return {
		accepted: answers.filter((answer) => answer.value).map((answer) => answer.value),
		problem: answers.find((answer) => answer.reason)?.reason,
	};
}

async function sendOne(order, limit, index, onRepeat) {
	const name = nameOf(order, index);
	const { key, limit: kept } = unanswered.get(name) ?? { key: crypto.randomUUID(), limit };
	keep(name, { key, limit: kept });
	try {
		const accepted = await execute({ ...bodyOf(order), ...kept }, key, onRepeat);
		keep(name, null);
		const { exit, ...asked } = order;
		return { ...asked, expiresAt: kept.expiresAt, createdAt: new Date().toISOString(), ...accepted };
	} catch (problem) {
		if (!problem.unknown) keep(name, null);
		throw problem;
	}
}

function keep(name, sent) {
	if (sent) unanswered.set(name, sent);
	else unanswered.delete(name);
	sessionStorage.setItem(KEPT, JSON.stringify([...unanswered]));
}
