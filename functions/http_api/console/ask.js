// A question before something that cannot be taken back.

import { $, on, setText } from "./dom.js";

let answer;

/** Starts it. */
export function startAsking() {
	on("ask-no", "click", () => $("ask").close());
	on("ask-form", "submit", (event) => {
		event.preventDefault();
		answer(true);
		$("ask").close();
	});
	on("ask", "close", () => answer(false));
}

/** Asks, and returns whether the answer is yes; the focus returns to where it was. */
export function askFirst(title, text, yes) {
	setText($("ask-title"), title);
	setText($("ask-text"), text);
	setText($("ask-yes"), yes);
	$("ask").showModal();
	return new Promise((resolve) => (answer = resolve));
}
