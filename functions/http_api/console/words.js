// How names, times and errors read.

/** A status or venue as a word. */
export const word = (name) => String(name ?? "–").replace(/^./, (first) => first.toUpperCase());

/** Which of the venue colours is this venue's. */
export const hue = (venue) => (String(venue).toLowerCase() === "raydium" ? "a" : "b");

/** "14:03:59" today, "20 Nov" before; to the millisecond, and with both, when `precise`. */
export function clock(at, precise = false) {
	const time = new Date(at);
	const day = time.toLocaleDateString("en-GB", { day: "numeric", month: "short" });
	const ms = precise ? `.${String(time.getMilliseconds()).padStart(3, "0")}` : "";
	const clock = time.toLocaleTimeString("en-GB") + ms;
	if (time.toDateString() === new Date().toDateString()) return clock;
	return precise ? `${day} ${clock}` : day;
}

/** "85 ms", "1.24 s"; "" when unknown. */
export function duration(ms) {
	if (!Number.isFinite(ms)) return "";
	if (ms < 1000) return `${Math.round(ms)} ms`;
	return `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`;
}

/** An order's error as a sentence; "" without one. */
export const errorWords = (error) => error?.message ?? "";

/** That a request whose answer was lost is sent again. */
export const repeatWords = (problem, tries, most) =>
	`${problem.message} Asking again, under the same key (${tries} of ${most})…`;
