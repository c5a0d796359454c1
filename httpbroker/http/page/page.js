// SPDX-License-Identifier: MIT
// The page of httpbroker: asks for the rows every 5 seconds (page.json, with its ETag) and shows them.
// Texts of clients are only ever set as textContent or attributes, never as HTML.
"use strict";

// An answer is given up after LIMIT; data that is older than OLD is marked.
const POLL = 5000, LIMIT = 10000, OLD = 15, HALF_HOURS = 48;
const FILTER = 200; // bytes: the broker refuses a longer one
// without the user and password that the page's address may have: fetch() refuses these
const DATA = location.origin + location.pathname + "page.json?";
const SVG = "http://www.w3.org/2000/svg";
const LEVELS = ["nothing known", "ok", "warning or unknown", "critical"];
const form = document.getElementById("filters");
const body = document.getElementById("rows");
const health = document.getElementById("health");
// `current`: what is shown is what was asked for last
let etag = null, data = null, current = false, places = [], offset = 0, timer = 0, asking = null, updated = null;

const element = (name, className, text) => {
	const made = document.createElement(name);
	if (className) made.className = className;
	if (text !== undefined) made.textContent = text;
	return made;
};

// A right-to-left text does not reorder what is beside it; characters that would reorder or hide a
// part of a text are shown as what they are, as httpbroker-submit --query does (common/utf8.c).
const HIDDEN = new RegExp("[\\u00ad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f\\u200b-\\u200f" +
	"\\u2028-\\u202e\\u2060-\\u206f\\u3164\\ufeff\\uffa0\\ufff9-\\ufffb\\u{1bca0}-\\u{1bca3}" +
	"\\u{1d173}-\\u{1d17a}\\u{e0000}-\\u{e0fff}]", "gu");
const numbered = (character) => {
	const code = character.codePointAt(0);
	return code > 0xffff ? "\\U" + code.toString(16).padStart(8, "0") : "\\u" + code.toString(16).padStart(4, "0");
};
const visible = (text) => text.replace(HIDDEN, numbered);
const isolated = (text) => {
	const made = element("bdi", "", visible(text));
	made.dir = "auto";
	return made;
};

const shape = (name, attributes) => {
	const made = document.createElementNS(SVG, name);
	for (const key in attributes) made.setAttribute(key, attributes[key]);
	return made;
};

// The two largest units, as httpbroker-submit --query writes them.
const span = (seconds) => {
	const s = Math.max(0, Math.floor(seconds));
	if (s >= 172800) return `${Math.floor(s / 86400)}d${Math.floor(s % 86400 / 3600)}h`;
	if (s >= 3600) return `${Math.floor(s / 3600)}h${Math.floor(s % 3600 / 60)}m`;
	if (s >= 60) return `${Math.floor(s / 60)}m${s % 60}s`;
	return `${s}s`;
};

const now = () => (Date.now() + offset) / 1000;
const number = (n) => n.toLocaleString("en");

// What the tooltips and screen readers get for the strip.
const stripText = (levels) => {
	const count = [0, 0, 0, 0];
	for (const level of levels) count[level]++;
	return "Last 24 hours: " + LEVELS.map((word, i) => count[i] ? `${count[i] / 2} h ${word}` : "")
		.filter((part) => part).reverse().join(", ");
};

const strip = (levels) => {
	const drawing = shape("svg", {class: "strip", viewBox: `0 0 ${HALF_HOURS} 4`, preserveAspectRatio: "none",
		role: "img", "aria-label": stripText(levels)});
	for (let i = 0, j = 0; i < levels.length; i = j) {
		while (j < levels.length && levels[j] === levels[i]) j++;
		const level = levels[i], high = level === "3" ? 4 : level === "2" ? 3 : 2;
		drawing.append(shape("rect", {class: "f" + level, x: i, y: 4 - high, width: j - i, height: high}));
	}
	return drawing;
};

const bar = () => {
	const drawing = shape("svg", {class: "bar", viewBox: "0 0 100 10", preserveAspectRatio: "none", "aria-hidden": "true"});
	drawing.append(shape("rect", {class: "f0", x: 0, y: 0, width: 100, height: 10}));
	drawing.append(shape("rect", {class: "f1", x: 0, y: 0, width: 0, height: 10}));
	return drawing;
};

const filterButton = (text, name) => {
	const made = element("button", "link");
	made.type = "button";
	made.dataset.filter = name;
	made.dataset.value = text;
	made.append(isolated(text));
	return made;
};

const KEYS = ["entity", "check", "state", "stale", "was", "summary", "time", "since", "end", "ttl", "limit", "history", "tags"];

const rowMake = (values) => {
	const row = Object.fromEntries(KEYS.map((key, i) => [key, values[i]]));
	const made = element("tr", row.stale ? "stale" : "");
	const state = element("td", "state " + row.state, row.state);
	const late = row.limit > 0 && row.end <= now();
	if (row.stale) state.append(" ", element("span", "mark", late ? "overrun" : "stale"));
	else if (row.limit > 0) state.append(" ", element("span", "mark", "running"));
	const entity = element("td", "name"), check = element("th", "name"), summary = element("td", "summary");
	entity.append(filterButton(row.entity, "entity"));
	check.scope = "row";
	check.append(isolated(row.check));
	entity.title = visible(row.entity);
	check.title = visible(row.check);
	const text = element("div");
	if (row.stale) text.append(element("span", "was", `was ${row.was}: `));
	text.append(isolated(row.summary));
	text.title = visible(row.summary);
	summary.append(text);
	for (const tag of row.tags.slice(0, 20)) {
		const button = filterButton(tag, "tag");
		button.classList.add("tag");
		summary.append(button);
	}
	const life = element("td"), left = element("span", "left");
	life.append(left, bar());
	const history = element("td", "wide");
	history.append(strip(row.history));
	made.append(state, entity, check, summary, element("td", "number age"), life, element("td", "number changed"), history);
	made.row = row;
	return made;
};

// What changes with the time alone.
const textSet = (where, text) => {
	if (where.textContent !== text) where.textContent = text;
};

const ageSet = (made) => {
	const row = made.row, at = now();
	textSet(made.querySelector(".age"), span(at - row.time));
	textSet(made.querySelector(".changed"), row.since > 0 ? span(at - row.since) + " ago" : "–");
	const left = row.end === null ? Infinity : row.end - at, whole = row.limit > 0 ? row.limit : row.ttl;
	const share = left === Infinity ? 100 : Math.max(0, Math.min(100, 100 * left / Math.max(1, whole)));
	const word = row.limit > 0 ? " of the run" : "";
	textSet(made.querySelector(".left"), left === Infinity ? "never stale" : left > 0 ? span(left) + " left" + word : span(-left) + " over");
	const fill = made.querySelectorAll(".bar rect")[1];
	fill.setAttribute("width", share.toFixed(1));
	fill.setAttribute("class", share > 25 ? "f1" : "f2");
};

const healthShow = () => {
	const parts = [];
	if (data.why) parts.push(data.why + ".");
	else if (data.redis === null) parts.push("Active, without Redis: states are in memory only.");
	else if (data.replicated === false) parts.push("Active; no replica of Redis confirms: events are answered 202 and kept in memory.");
	else parts.push("Active; Redis acknowledges events.");
	if (data.role === "standby") parts.push("This broker has no checks to show; ask the active one.");
	if (data.role === "starting") parts.push("The checks are not read yet.");
	if (data.loading) parts.push("Checks are still being read from Redis.");
	const text = parts.join(" ");
	textSet(health, text[0].toUpperCase() + text.slice(1));
	health.className = data.role === "standby" ? "" : data.why || data.replicated === false ? "bad" : "ok";
	// not part of the status, which a screen reader reads aloud when it changes
	const figures = [];
	if (data.pending > 0) figures.push(`${number(data.pending)} events wait for Redis.`);
	if (data.redis !== null && data.queue >= 0) figures.push(`Queue: ${number(data.queue)} events${data.paused ? ", repeats are paused" : ""}.`);
	textSet(document.getElementById("queue"), figures.join(" "));
	textSet(document.getElementById("version"), data.version);
};

const countsShow = () => {
	const counts = data.counts, all = counts.critical + counts.unknown + counts.warning + counts.ok;
	const shown = {...counts, all, problem: all - counts.ok};
	for (const key in shown) textSet(document.getElementById("count-" + key), number(shown[key]));
	document.title = `${counts.critical ? counts.critical + " critical" : data.role === "standby" ? "stand-by" : data.why ? "not healthy" : "ok"} – httpbroker`;
	const first = data.before, rows = data.rows.length;
	textSet(document.getElementById("place"), rows ? `${number(first + 1)} to ${number(first + rows)} of ${number(data.matches)}` : "");
	document.getElementById("previous").disabled = places.length === 0;
	document.getElementById("next").disabled = data.next === null;
	const empty = document.getElementById("empty");
	empty.hidden = rows > 0;
	textSet(empty, rows ? "" : all ? "No check matches the filter." :
		data.role === "active" ? "There are no checks." : "The checks are not known here.");
};

// The button that had the focus has it again.
const rowsShow = () => {
	const had = document.activeElement, filter = had && had.dataset ? had.dataset.filter : undefined;
	const value = filter && had.dataset.value;
	body.replaceChildren(...data.rows.map(rowMake));
	if (filter) for (const button of body.querySelectorAll("button.link"))
		if (button.dataset.filter === filter && button.dataset.value === value) { button.focus({preventScroll: true}); break; }
};

// Not part of the status either: it changes each second.
const updatedShow = () => {
	const where = document.getElementById("updated"), age = (performance.now() - updated) / 1000;
	if (updated === null) return;
	textSet(where, age > OLD ? `Old: what is shown is from ${span(age)} ago.` : `Updated ${span(age)} ago.`);
	where.className = age > OLD ? "bad" : "";
};

const agesShow = () => {
	updatedShow();
	for (const row of body.rows) ageSet(row);
};

// The beginning is a part as well. An incomplete character at its end is left out.
const beginning = (text) => new TextDecoder().decode(new TextEncoder().encode(text).subarray(0, FILTER), {stream: true});

const query = () => {
	const out = new URLSearchParams();
	for (const [name, value] of new FormData(form)) if (value) out.set(name, name === "tag" ? value : beginning(value));
	return out;
};

const failed = (text) => {
	textSet(health, text);
	health.className = "bad";
	etag = null;
};

const ask = async () => {
	clearTimeout(timer);
	if (asking) asking.abort();
	const mine = asking = new AbortController(), out = query();
	let late = false;
	const limit = setTimeout(() => { late = true; mine.abort(); }, LIMIT);
	if (places.length) out.set("after", places[places.length - 1]);
	try {
		const headers = etag ? {"If-None-Match": etag} : {};
		const answer = await fetch(DATA + out, {headers, cache: "no-store", signal: mine.signal});
		const date = Date.parse(answer.headers.get("Date"));
		if (Math.abs(date - Date.now() - offset) > 2000) offset = date - Date.now();
		// a stand-by answers 503, with what it knows
		const isJson = answer.headers.get("Content-Type") === "application/json";
		const got = answer.status === 200 || (answer.status === 503 && isJson) ? await answer.json() : {};
		if (got.rows) {
			data = got;
			current = true;
			updated = performance.now();
			etag = answer.headers.get("ETag");
			healthShow();
			rowsShow();
			countsShow();
			agesShow();
			// the checks of this page have gone
			if (!data.rows.length && places.length) setTimeout(turn, 0, false);
		} else if (answer.status === 304) {
			updated = performance.now();
			updatedShow();
		} else {
			failed(`The broker answers ${answer.status}. What is shown may be old.`);
		}
	} catch (error) {
		if (mine.signal.aborted && !late) return;
		failed(late ? `The broker has not answered for ${LIMIT / 1000} seconds. What is shown is old.` :
			"The broker cannot be reached. What is shown is old.");
	} finally {
		clearTimeout(limit);
	}
	asking = null;
	if (!document.hidden) timer = setTimeout(ask, POLL);
};

const refresh = () => {
	current = false;
	etag = null;
	ask();
};

// A filter is kept behind the # of the address, as a bookmark.
const filterChanged = () => {
	places = [];
	history.replaceState(null, "", "#" + query());
	refresh();
};

const filterRead = () => {
	const given = new URLSearchParams(location.hash.slice(1));
	for (const name of ["text", "entity", "tag"]) form.elements[name].value = given.get(name) || "";
	const state = form.querySelector(`input[value="${CSS.escape(given.get("state") || "")}"]`);
	(state || form.querySelector('input[value=""]')).checked = true;
};

const turn = (forward) => {
	if (forward ? !current || data.next === null : places.length === 0) return;
	if (forward) places.push(data.next);
	else places.pop();
	refresh();
	document.getElementById("frame").scrollIntoView();
};

let typing = 0;
form.addEventListener("input", (event) => {
	clearTimeout(typing);
	typing = setTimeout(filterChanged, event.target.type === "radio" ? 0 : 300);
});
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("reset", () => setTimeout(filterChanged));
document.getElementById("next").addEventListener("click", () => turn(true));
document.getElementById("previous").addEventListener("click", () => turn(false));
body.addEventListener("click", (event) => {
	const button = event.target.closest("button.link");
	if (!button) return;
	form.elements[button.dataset.filter].value = button.dataset.value;
	filterChanged();
});
document.addEventListener("keydown", (event) => {
	const typed = event.target instanceof HTMLInputElement && event.target.type === "search";
	if (event.ctrlKey || event.altKey || event.metaKey) return;
	if (event.key === "Escape") form.reset();
	else if (typed) return;
	else if (event.key === "/") { event.preventDefault(); document.getElementById("text").focus(); }
	else if (event.key === "n") turn(true);
	else if (event.key === "p") turn(false);
});
document.addEventListener("visibilitychange", () => document.hidden ? clearTimeout(timer) : ask());
window.addEventListener("hashchange", () => { filterRead(); places = []; refresh(); });
setInterval(agesShow, 1000);
filterRead();
ask();
