// Starts the page and joins its parts.

import { get, saveKey, savedKey, whatIsDown } from "./api.js";
import { drawOrders, startBlotter, swapWords } from "./blotter.js";
import { drawDetail, openDetail, startDetail } from "./detail.js";
import { $, on, setText } from "./dom.js";
import { deskChanged, startDesk, valueBalances } from "./desk.js";
import { catchUp } from "./history.js";
import { allOrders, applyFrame, findOrder, isOver, knownUpTo, mergeOrder, onChange } from "./orders.js";
import { followOutcome, outcomeChanged, startOutcomes } from "./outcomes.js";
import { startAsking } from "./ask.js";
import { drawChart, startChart } from "./chart.js";
import { drawLatencies, followImpact } from "./pictures.js";
import { setDecimals } from "./portfolio.js";
import { recheckPreview } from "./preview.js";
import { openStream, subscribe } from "./stream.js";
import { draftLines, setBalances, setMarket, setTokens, startTicket } from "./ticket.js";
import { drawWaiting, startWaiting } from "./waiting.js";
import { errorWords, word } from "./words.js";

const later = new Map();
let entered = false;
let isGated = false;
const notice = (text) => setText($("notice"), text);
const report = (problem) => notice(problem.message);

// Runs `task` once, `ms` after the last wish for it.
function soon(name, ms, task) {
	clearTimeout(later.get(name));
	later.set(name, setTimeout(task, ms));
}

function orderChanged(order) {
	drawOrders();
	drawDetail(order);
	deskChanged();
	outcomeChanged(order);
	drawWaiting();
	drawChart();
	soon("latencies", 300, () => drawLatencies(allOrders()));
}

function statusArrived(frame) {
	const before = findOrder(frame.orderId)?.status;
	const order = applyFrame(frame);
	if (knownUpTo(order) < order.seq) soon(order.orderId, 150, () => fillGap(order));
	if (before === order.status || !(isOver(order) || order.status === "triggered")) return;
	setText($("announce"), `${swapWords(order)}: ${word(order.status)}. ${errorWords(order.error)}`);
	soon("balances", 400, () => loadBalances().catch(report));
}

function fillGap(order) {
	if (knownUpTo(order) < order.seq) subscribe(order.orderId, knownUpTo(order));
}

async function loadBalances() {
	const { balances } = await get("balances");
	setBalances(balances);
	valueBalances(balances);
}

function linkChanged(state, wait, why) {
	$("link").dataset.state = state;
	setText($("link").lastChild, word(state));
	if (!wait) return;
	const dropped = `${why}; trying again in ${Math.ceil(wait / 1000)} s.`;
	notice(dropped);
	const add = (down) => down && $("notice").textContent === dropped && notice(`${dropped} It is ${down}.`);
	whatIsDown().then(add, () => {});
}

function accepted(orders) {
	orders.forEach(mergeOrder);
	followOutcome(orders.map((order) => order.orderId));
}

async function caughtUp() {
	recheckPreview();
	try {
		await catchUp();
	} catch (problem) {
		if ($("link").dataset.state !== "live") return;
		notice(`${problem.message} Trying again.`);
		return soon("catch-up", problem.againMs, caughtUp);
	}
	// The stream brings what happens from now on; the first event of one that waits comes with its second.
	for (const order of allOrders()) if (!isOver(order) && order.seq > 1) fillGap(order);
	if (!$("notice").textContent) return;
	notice("Connected again, and caught up.");
	soon("notice", 4000, () => notice(""));
}

async function enter() {
	const [config, { tokens }] = await Promise.all([get("config"), get("tokens"), loadBalances()]);
	isGated = false;
	$("gate").close();
	setMarket(config);
	setTokens(tokens);
	setDecimals(tokens);
	await catchUp();
	drawOrders();
	drawWaiting();
	entered = true;
	startDetail();
	openStream(config.websocketUrl, { onState: linkChanged, onOpen: caughtUp, onStatus: statusArrived });
}

function askForKey(problem = "") {
	isGated = true;
	setText($("error-key"), problem);
	if (!$("gate").open) $("gate").showModal();
}

function unauthenticated() {
	saveKey("");
	askForKey("This key is not known here.");
}

function start() {
	if (savedKey()) enter().catch((problem) => problem.status === 401 || askForKey(problem.message));
	else askForKey();
}

on("gate-form", "submit", (event) => {
	event.preventDefault();
	saveKey($("key").value.trim());
	if (entered) location.reload();
	else start();
});
// A browser lets a page refuse the first Escape only, so the gate opens again.
on("gate", "close", () => isGated && askForKey($("error-key").textContent));
on("change-key", "click", () => {
	saveKey("");
	location.reload();
});
addEventListener("unauthenticated", unauthenticated);
$("gate-local").hidden = !["localhost", "127.0.0.1"].includes(location.hostname);
onChange(orderChanged);
startOutcomes({ swapWords, open: openDetail });
startAsking();
startWaiting({ onOpen: openDetail });
startChart({ onDraft: draftLines });
startTicket({ onQuoted: followImpact, onAccepted: accepted });
startBlotter({ onOpen: openDetail, onProblem: report });
startDesk({ onAccepted: (order) => accepted([order]), onProblem: report });
start();
