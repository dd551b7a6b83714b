// The HTTP API as the page uses it.

const KEY = "dexec.key";

/** An answer other than 2xx, or none (status 0). `fields` maps a field to what is wrong with it. */
export class Problem extends Error {
	constructor(status, body = {}) {
		super(body.detail ?? body.title ?? (status ? `The server answered ${status}.` : "No answer."));
		this.status = status;
		this.fields = new Map((body.errors ?? []).map((error) => [error.field, error.message]));
	}

	/** Whether the request may have been carried out nevertheless. */
	get unknown() {
		return this.status === 0 || this.status === 504;
	}
}

/** The key of this tab, or "". */
export const savedKey = () => sessionStorage.getItem(KEY) ?? "";

/** Keeps the key for this tab; "" forgets it. */
export const saveKey = (key) => sessionStorage.setItem(KEY, key);

/** What is down, in a sentence, or "". */
export const whatIsDown = () => fetch("ready").then((answer) => answer.json()).then((body) => body.detail ?? "");

/** GET api/{path}. Raises `Problem`. */
export function get(path, query = {}, signal = undefined) {
	const wanted = Object.entries(query).filter(([, value]) => value !== null && value !== undefined);
	return call(`${path}?${new URLSearchParams(wanted)}`, { signal });
}

/** Posts an order; under one idempotency key it is never executed twice. Raises `Problem`. */
export function execute(order, idempotencyKey) {
	const headers = { "content-type": "application/json", "idempotency-key": idempotencyKey };
	return call("orders/execute", { method: "POST", body: JSON.stringify(order), headers });
}

async function call(path, options) {
	let response;
	let body;
	try {
		response = await fetch(`api/${path}`, { ...options, headers: { ...options.headers, "x-api-key": savedKey() } });
		body = await response.json();
	} catch (error) {
		if (error.name === "AbortError") throw error;
		throw new Problem(response?.status ?? 0);
	}
	if (response.ok) return body;
	if (response.status === 401) dispatchEvent(new Event("unauthenticated"));
	throw new Problem(response.status, body);
}
