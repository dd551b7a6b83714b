// The listed orders as CSV (RFC 4180), with the columns of `dexec history --csv`.

import { listedOrders } from "./blotter.js";
import { h } from "./dom.js";

const COLUMNS = [
	"orderId", "clientOrderId", "status", "mode", "tokenIn", "tokenOut", "amount", "slippageBps", "amountIn", "amountOut",
	"attempt", "signature", "errorCode", "errorMessage", "createdAt", "updatedAt",
];

/** Saves what is listed, all of it and nothing else, as a file. */
export function exportOrders() {
	const url = URL.createObjectURL(new Blob([ordersAsCsv(listedOrders())], { type: "text/csv" }));
	h("a", { href: url, download: `dexec-orders-${new Date().toISOString().slice(0, 19).replaceAll(":", "")}.csv` }).click();
	setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** The orders as text, a line of names first. */
export function ordersAsCsv(orders) {
	const lines = orders.map((order) => {
		const { amountIn, amountOut } = order.fill ?? order;
		const known = { ...order, amountIn, amountOut, errorCode: order.error?.code, errorMessage: order.error?.message };
		return COLUMNS.map((name) => cell(known[name])).join(",");
	});
	return [COLUMNS.join(","), ...lines, ""].join("\r\n");
}

// A spreadsheet takes what begins with one of these for a formula, and labels are what clients made up.
function cell(value) {
	const text = String(value ?? "").replace(/^(?=[=+\-@\t\r])/, "'");
	return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
