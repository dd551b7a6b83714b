// Short messages at the edge of the window, seen wherever one has scrolled to. They are for the eyes: what a
// screen reader says stands in the page's status lines.

import { $, h, setText } from "./dom.js";

const MOST = 3;
const shown = new Map();

/**
 * Shows a message, or changes the one of this name. `tone` is "", "good" or "bad"; `action` {label, run} is a
 * button; it goes by itself after `lastsMs` (0: it stays) unless pointer or focus is on it.
 */
export function toast(name, text, { tone = "", action = null, lastsMs = 0 } = {}) {
	const entry = shown.get(name) ?? add(name);
	entry.node.dataset.tone = tone;
	setText(entry.text, text);
	entry.text.title = text;
	entry.action.hidden = !action;
	setText(entry.action, action?.label ?? "");
	entry.action.onclick = () => action.run();
	clearTimeout(entry.timer);
	if (lastsMs) entry.timer = setTimeout(leave, lastsMs, name, lastsMs);
}

/** Takes a message away. */
export function closeToast(name) {
	clearTimeout(shown.get(name)?.timer);
	shown.get(name)?.node.remove();
	shown.delete(name);
	stack();
}

function add(name) {
	const [text, action] = [h("p"), h("button", { class: "chip", hidden: "" })];
	const close = h("button", { class: "chip", "aria-label": "Dismiss", onclick: () => closeToast(name) }, "×");
	const entry = { text, action, node: h("div", { class: "toast" }, text, action, close) };
	shown.set(name, entry);
	const { top, bottom } = $("submit").getBoundingClientRect();
	$("toasts").dataset.edge = top + bottom > innerHeight ? "top" : "bottom";
	$("toasts").append(entry.node);
	if (shown.size > MOST) closeToast(shown.keys().next().value);
	stack();
	return entry;
}

// The newest at the edge.
function stack() {
	[...shown.values()].reverse().forEach(({ node }, place) => node.style.setProperty("--place", place));
}

function leave(name, lastsMs) {
	const entry = shown.get(name);
	if (!entry?.node.matches(":hover, :focus-within")) closeToast(name);
	else entry.timer = setTimeout(leave, lastsMs, name, lastsMs);
}
