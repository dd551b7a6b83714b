// The WebSocket that tells of every order, kept open for as long as the page is.

import { savedKey } from "./api.js";

const FIRST_WAIT_MS = 400;
const LONGEST_WAIT_MS = 10_000;
const PING_EVERY_MS = 4 * 60_000; // API Gateway closes a socket that is idle for ten minutes.

let address;
let hear;
let socket;
let failures = 0;
let retry;

/** Opens it, for good. `onState` hears "connecting", "live" or "reconnecting" in so many ms. */
export function openStream(url, handlers) {
	[address, hear] = [url, handlers];
	connect();
	setInterval(send, PING_EVERY_MS, { action: "ping" });
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
	hear.onState("connecting");
	socket = new WebSocket(`${address}?stream=all&apiKey=${encodeURIComponent(savedKey())}`);
	socket.onopen = () => {
		failures = 0;
		hear.onState("live");
		hear.onOpen();
	};
	socket.onmessage = ({ data }) => {
		const frame = JSON.parse(data);
		if (frame.type === "status") hear.onStatus(frame);
	};
	socket.onclose = lost;
}

function lost() {
	socket = null;
	const wait = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** failures) * (0.5 + Math.random() / 2);
	failures += 1;
	hear.onState("reconnecting", wait);
	retry = setTimeout(connect, wait);
}

function send(frame) {
	if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(frame));
}
