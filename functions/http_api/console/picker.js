// The dialog in which a token is chosen: a list that typing narrows down, by symbol, name or mint.

import { show } from "./amounts.js";
import { $, h, on, setText } from "./dom.js";
import { allTokens, balanceOf } from "./tokens.js";

let found = [];
let active = 0;
let choose;

/** Starts it. */
export function startPicker() {
	on("picker-filter", "input", () => narrow());
	on("picker-filter", "keydown", pressed);
	on("picker-list", "click", ({ target }) => take(target.closest("[role=option]")?.dataset.symbol));
	on("picker-close", "click", () => $("picker").close());
	on("picker", "click", (event) => event.target === $("picker") && $("picker").close());
}

/** Opens it; `onChosen(symbol)` is called if a token is chosen. The focus returns to where it was. */
export function pickToken(title, current, onChosen) {
	choose = onChosen;
	setText($("picker-title"), title);
	$("picker-filter").value = "";
	narrow(current);
	$("picker").showModal();
	$("picker-filter").focus();
}

function narrow(current) {
	const typed = $("picker-filter").value.trim().toLowerCase();
	const fits = ({ symbol, name, mint }) =>
		[symbol, name].some((text) => text.toLowerCase().includes(typed)) || mint.toLowerCase().startsWith(typed);
	// What starts with it comes first: "us" means USDC before BUSD.
	const rank = ({ symbol }) => (symbol.toLowerCase().startsWith(typed) ? 0 : 1);
	found = allTokens().filter(fits).sort((a, b) => rank(a) - rank(b));
	$("picker-list").replaceChildren(...found.map((token) => option(token, current)));
	setText($("picker-none"), found.length ? "" : "No such token is traded here.");
	activate(Math.max(0, found.findIndex(({ symbol }) => symbol === current)));
}

function option({ symbol, name, mint }) {
	const balance = balanceOf(symbol);
	return h(
		"div",
		{ role: "option", id: `pick-${symbol}`, class: "option", data: { symbol } },
		h("b", {}, symbol),
		h("span", {}, balance === undefined ? "" : show(balance, 9)),
		h("small", {}, name),
		h("small", {}, `${mint.slice(0, 4)}…${mint.slice(-4)}`),
	);
}

function activate(index) {
	active = index;
	[...$("picker-list").children].forEach((node, at) => node.setAttribute("aria-selected", at === active));
	const node = $("picker-list").children[active];
	node?.scrollIntoView({ block: "nearest" });
	$("picker-filter").setAttribute("aria-activedescendant", node?.id ?? "");
}

function pressed(event) {
	const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
	if (!step && event.key !== "Enter") return;
	event.preventDefault();
	if (step && found.length) activate((active + step + found.length) % found.length);
	else take(found[active]?.symbol);
}

function take(symbol) {
	if (!symbol) return;
	$("picker").close();
	choose(symbol);
}
