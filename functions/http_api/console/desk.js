// What stands around the list of orders: the queue, the portfolio, export, retry, shortcuts.

import { exportOrders } from "./csv.js";
import { on } from "./dom.js";
import { startKeys } from "./keys.js";
import { drawPortfolio, setHeld, startPortfolio } from "./portfolio.js";
import { drawQueue, startQueue } from "./queue.js";
import { startRetry } from "./retry.js";

let frame;

/** Starts it; `onAccepted(order)` gets an order that was placed again, `onProblem` what went wrong. */
export function startDesk(handlers) {
	startQueue();
	startPortfolio();
	startRetry(handlers);
	startKeys();
	on("export", "click", exportOrders);
}

/** Orders have changed: draws with the next frame what follows from them. */
export function deskChanged() {
	cancelAnimationFrame(frame);
	frame = requestAnimationFrame(drawQueue);
}

/** What the client owns, a list of {symbol, amount}. */
export function valueBalances(balances) {
	setHeld(balances);
	drawPortfolio();
}
