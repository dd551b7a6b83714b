// Price impact: what an order's own size costs, as a positive percentage of what the mid prices would give.
// `dexec quote` and `dexec order` show the same figure.

import { isMore, ratio, scaled, shifted } from "./amounts.js";

/** Percent from which the ticket warns, and from which it wants to be told twice. */
export const WARNS_OVER = "1";
export const ASKS_OVER = "5";

/** A whole route's, as a decimal; null when unknown. */
export const impactOfRoute = ({ costs }) => shifted(ratio(costs?.impact, costs?.reference), 2);

/** A leg's, whose `priceImpactBps` is signed as a price change. */
export const impactOfLeg = ({ priceImpactBps }) => positive(shifted(priceImpactBps, -2));

/** A venue's quote's, whose `slippage` is a signed fraction. */
export const impactOfQuote = ({ slippage }) => positive(shifted(slippage, 2));

/** The least tenth of a percent that is not below this impact: what one agrees to. */
export function roundedUp(percent) {
	const tenth = shifted(String(scaled(percent, 1)), -1);
	return isMore(percent, tenth) ? shifted(String(scaled(percent, 1) + 1n), -1) : tenth;
}

const positive = (percent) => percent?.replace("-", "") ?? null;
