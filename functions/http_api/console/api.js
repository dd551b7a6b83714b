// The HTTP API as the page uses it.

const KEY = "dexec.key";
const TRIES = 4;
const FIRST_WAIT_MS = 300;
const LONGEST_WAIT_MS = 30_000;
const PATIENCE_MS = 15_000;
const AGAIN_MS = 2000;

/**
 * An answer other than 2xx, or none (status 0). `code` is the API's name of what is wrong; `fields` maps a field to what is wrong with it; `waitMs` is
 * what its Retry-After said.
 */
export class Problem extends Error {
	constructor(status, body = {}, waitMs = 0) {
		super(body.detail ?? body.title ?? (status ? `The server answered ${status}.` : "The server did not answer: check that the deployment runs."));
		this.status = status;
		this.code = body.code;
		this.waitMs = waitMs;
		this.fields = new Map((body.errors ?? []).map((error) => [error.field, error.message]));
	}

	/** Whether the request itself is at fault: asking again as it is cannot help. */
	get isRefusal() {
		return [400, 401, 422].includes(this.status);
	}

	/** Whether the request may have been carried out nevertheless. */
	get unknown() {
		return this.isLost || this.status >= 500;
	}

	/** How soon what it hid is read again. */
	get againMs() {
		return Math.max(AGAIN_MS, this.waitMs);
	}

	/** Whether the answer may come if asked for again. */
	get isLost() {
		return [0, 502, 503, 504].includes(this.status);
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

/** Asks api/{path} to change something. What it does is safe to be asked for again. Raises `Problem`. */
export function change(method, path, body) {
	const sent = body && { body: JSON.stringify(body), headers: { "content-type": "application/json" } };
	return call(path, { method, ...sent, signal: AbortSignal.timeout(PATIENCE_MS) });
}

/**
 * Posts an order, again while the answer is lost: under one idempotency key it is never executed twice.
 * `onRepeat(problem, tries, most)` is called at each repeat. Raises `Problem`.
 */
export async function execute(order, idempotencyKey, onRepeat) {
	const headers = { "content-type": "application/json", "idempotency-key": idempotencyKey };
	for (let tries = 1; ; tries += 1) {
		try {
			const signal = AbortSignal.timeout(PATIENCE_MS);
			return await call("orders/execute", { method: "POST", body: JSON.stringify(order), headers, signal });
		} catch (problem) {
			const jittered = FIRST_WAIT_MS * 2 ** tries * (0.5 + Math.random() / 2);
			const wait = Math.max(jittered, problem.waitMs);
			if (!problem.isLost || tries === TRIES || wait > LONGEST_WAIT_MS) throw problem;
			onRepeat(problem, tries + 1, TRIES);
			await new Promise((resolve) => setTimeout(resolve, wait));
		}
	}
}

async function call(path, options) {
	let response;
	let body;
	try {
		response = await fetch(`api/${path}`, { ...options, headers: { ...options.headers, "x-api-key": savedKey() } });
		body = await response.json();
	} catch (error) {
		if (error.name === "AbortError") throw error;
		throw new Problem(response?.status ?? 0, {}, waitOf(response));
	}
	if (response.ok) return body;
	if (response.status === 401) dispatchEvent(new Event("unauthenticated"));
	throw new Problem(response.status, body, waitOf(response));
}

const waitOf = (response) => 1000 * (Number.parseInt(response?.headers.get("retry-after"), 10) || 0);
