// The WebSocket with the events of every order, kept open for as long as the page is. A socket may look open
// and be dead, or forgotten by the server: each ping has to be answered, and an error of that kind ends it.

import { savedKey } from "./api.js";

const FIRST_WAIT_MS = 400;
const LONGEST_WAIT_MS = 10_000;
const PING_EVERY_MS = 60_000; // API Gateway also closes a socket that is idle for ten minutes.
const PONG_WITHIN_MS = 10_000;
const OPEN_WITHIN_MS = 10_000; // A browser waits for minutes.
const FORGOTTEN = "connection_unknown";

let address;
let callbacks;
let socket;
let failures = 0;
let retry;
let overdue;

/** Opens it, for good. `onState` gets "connecting", "live" or "reconnecting", in so many ms, and why. */
export function openStream(url, handlers) {
	[address, callbacks] = [url, handlers];
	connect();
	setInterval(ping, PING_EVERY_MS);
	addEventListener("online", () => {
		clearTimeout(retry);
		if (!socket) connect();
	});
}

/** Asks for an order's events after a seq; without a socket not, for reconnecting catches up. */
export function subscribe(orderId, afterSeq) {
	send({ action: "subscribe", orderId, afterSeq });
}

function connect() {
	callbacks.onState("connecting");
	socket = new WebSocket(`${address}?stream=all&apiKey=${encodeURIComponent(savedKey())}`);
	overdue = setTimeout(lost, OPEN_WITHIN_MS, "The live connection did not open");
	socket.onopen = () => {
		callbacks.onState("live");
		ping();
		callbacks.onOpen();
	};
	socket.onmessage = ({ data }) => received(JSON.parse(data));
	socket.onclose = () => lost("The live connection dropped");
}

function received(frame) {
	if (frame.code === FORGOTTEN) return lost("The server no longer knew the live connection");
	failures = 0;
	if (frame.type === "pong") clearTimeout(overdue);
	if (frame.type === "status") callbacks.onStatus(frame);
}

function ping() {
	if (socket?.readyState !== WebSocket.OPEN) return;
	clearTimeout(overdue);
	overdue = setTimeout(lost, PONG_WITHIN_MS, "The live connection did not answer");
	send({ action: "ping" });
}

function lost(why) {
	clearTimeout(overdue);
	clearTimeout(retry);
	// The old one is not waited for: closing a dead line takes a browser a minute.
	if (socket) socket.onopen = socket.onmessage = socket.onclose = null;
	socket?.close();
	socket = null;
	const wait = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** failures) * (0.5 + Math.random() / 2);
	failures += 1;
	callbacks.onState("reconnecting", wait, why);
	retry = setTimeout(connect, wait);
}

function send(frame) {
	if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(frame));
}
