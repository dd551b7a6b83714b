// Keys that save a way with the pointer, and the dialog that lists them.

import { revealOrder, stepFocus } from "./blotter.js";
import { $, h, on } from "./dom.js";

const OFF = "dexec.keys-off";
const press = (id) => () => $(id).click();
const focus = (id) => () => $(id).focus();
const filter = (value) => () => document.querySelector(`#filters [value="${value}"]`).click();

const KEYS = [
	["n", "New order: to the amount", focus("amountIn")],
	["/", "Search the orders", focus("find")],
	["1", "All orders", filter("all")],
	["2", "Open orders", filter("open")],
	["3", "Confirmed orders", filter("confirmed")],
	["4", "Failed orders", filter("failed")],
	["5", "Cancelled orders", filter("cancelled")],
	["6", "Expired orders", filter("expired")],
	["w", "Waiting orders", focus("waiting")],
	["j", "Next order in the list", () => stepFocus(1)],
	["k", "Previous order in the list", () => stepFocus(-1)],
	["e", "Export the listed orders as CSV", press("export")],
	["t", "Next theme: system, light, dark", press("theme")],
	["?", "This list", () => $("help").showModal()],
];
const OTHERS = [
	["Enter", "Open the order that has the focus, or send the ticket from one of its fields"],
	["Esc", "Close what is open"],
];

/** Starts it. */
export function startKeys() {
	const line = ([key, does]) => h("div", {}, h("dt", {}, h("kbd", {}, key)), h("dd", {}, does));
	$("keys").replaceChildren(...KEYS.map(line), ...OTHERS.map(line));
	on("help-open", "click", () => $("help").showModal());
	on("help-close", "click", () => $("help").close());
	// Who steers by voice may say what is a key by accident: they can be turned off.
	$("keys-on").checked = localStorage.getItem(OFF) === null;
	on("keys-on", "change", () => ($("keys-on").checked ? localStorage.removeItem(OFF) : localStorage.setItem(OFF, "")));
	document.addEventListener("keydown", pressed);
	addEventListener("hashchange", () => location.hash.startsWith("#ord_") && revealOrder(location.hash.slice(1)));
}

function pressed(event) {
	if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || event.isComposing) return;
	if (document.querySelector("dialog[open]") || event.target.closest("input, select, textarea, [contenteditable]")) return;
	if (!$("keys-on").checked) return;
	const [, , run] = KEYS.find(([key]) => key === event.key) ?? [];
	if (!run) return;
	event.preventDefault();
	run();
}
