#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# shellcheck disable=SC2030,SC2031,SC2034,SC2046,SC2154 # a test is a subshell; variables that load and run bring
# The page in Chromium: what it shows, by screen, phone and keyboard. $SHOTS, if set, is a directory
# that gets the screenshots; $AXE_CORE, if set, is the file axe.min.js of the npm package axe-core.

load lib/daemons
load lib/redis
load lib/broker
load lib/sentinel

setup() { start_work; }
teardown() { stop_all; }

# browse [OPTION...] STEP...: the page at $url, with t/tools/browser; prints what the steps print
browse() {
	local options=()
	while [[ "$1" == --* ]]; do
		options+=("$1")
		[[ "$1" == --@(dark|busy) ]] || { options+=("$2") && shift; }
		shift
	done
	timeout 150 "$root/t/tools/browser" "${options[@]}" "${url%state}$page_hash" "$@" 3>&-
}

# shot NAME: the step that takes a screenshot, if they are wanted
shot() {
	echo "shot:${SHOTS:+$SHOTS/$1.png}"
}

# rows N: the step that waits for so many rows
rows() {
	echo "wait:document.querySelectorAll('#rows tr').length == $1"
}

# accessible [OPTION...] STEP...: axe-core finds no violation after the steps
accessible() {
	[ -n "${AXE_CORE-}" ] || return 0
	run -0 browse "$@" "file:$AXE_CORE" \
		'print:axe.run().then(result => result.violations.map(found => [found.id, found.nodes[0].html]))'
	[ "$output" = '[]' ]
}

without_redis() {
	start broker httpbroker --port 0 --server none
	poll 10 broker_listens
	page_hash=
}

ten() {
	posts 200 "$(event db-01 backup ok '"summary":"3 GB in 4 min","ttl":93600,"tags":["db","nightly"]')" \
		"$(event db-01 load warning '"summary":"load 12.4, 8.1, 5.0"')" "$(event db-01 disk critical '"summary":"/ is 98 % full","tags":["db"]')" \
		"$(event db-02 disk ok)" "$(event web-01 HTTPS critical '"summary":"connection refused"')" \
		"$(event web-01 certificate unknown '"summary":"no answer"')" "$(event web-02 HTTPS ok '"ttl":60')" \
		"$(event flapper port ok '"ttl":-1')" "$(event cron rotate ok '"ttl":1,"summary":"done"')" "$(event mail queue ok)"
	curl -sSf -o /dev/null "${url%state}ping/web-02/HTTPS/start?limit=1h"
}

@test "no check; then ten, the worst first" {
	without_redis
	run -0 browse 'wait:document.getElementById("empty").textContent == "There are no checks."' "$(shot empty)" \
		'print:document.getElementById("health").textContent'
	[ "${lines[0]}" = '"Active, without Redis: states are in memory only."' ]
	accessible 'wait:data'
	ten
	stale() { [ "$(curl -sS "$url?stale=true" | grep -c '^"')" -eq 1 ]; }
	poll 10 stale
	run -0 browse "$(rows 10)" "$(shot ten)" \
		'print:[...document.querySelectorAll("#rows tr")].map(row => [...row.cells].slice(0, 3).map(cell => cell.innerText).join(" "))' \
		'print:document.title' 'print:document.querySelectorAll("#rows .strip[aria-label]").length' \
		'print:document.querySelector("tr.stale .left").textContent.endsWith(" over")'
	echo "$output"
	[ "$(jq -r '.[2] | gsub("\\s+"; " ")' <<<"${lines[0]}")" = 'unknown stale cron rotate' ]
	[ "$(jq -r '.[] | sub("^(?<state>[a-z]+).*"; "\(.state)")' <<<"${lines[0]}" | uniq -c | xargs)" = '2 critical 2 unknown 1 warning 5 ok' ]
	grep -F 'running' <<<"${lines[0]}"
	[ "${lines[1]}" = '"2 critical – httpbroker"' ]
	[ "${lines[2]}" = 10 ]
	[ "${lines[3]}" = true ]
	accessible "$(rows 10)"
	accessible --dark --size 390x800 "$(rows 10)"
	# on a phone nothing but the table is wider than the screen
	run -0 browse --dark --size 390x800 "$(rows 10)" "$(shot phone)" 'print:document.documentElement.scrollWidth <= 390'
	[ "$output" = true ]
}

@test "the page is refreshed in place; filters, pages and keys" {
	without_redis
	{
		for n in {1..250}; do event "host-$((n % 50))" "check-$n" "$([ $((n % 25)) = 0 ] && echo warning || echo ok)"; done
	} >"$work/events"
	curl -sSf -o /dev/null --data-binary "@$work/events" "$url"
	echo 'document.querySelector("#rows button[data-value=host-1]").focus(); document.activeElement.click()' >"$work/click.js"
	run -0 browse "$(rows 100)" 'print:document.getElementById("place").textContent' key:n \
		'wait:document.getElementById("place").textContent == "101 to 200 of 250"' key:n "$(rows 50)" key:p key:p "$(rows 100)" \
		'wait:document.getElementById("place").textContent == "1 to 100 of 250"' \
		key:/ 'print:document.activeElement.id' key:7 key:7 "$(rows 2)" 'print:location.hash' key:Escape "$(rows 100)" \
		'file:'"$work/click.js" "$(rows 55)" 'print:document.querySelector("[name=entity]").value' \
		'print:document.activeElement.dataset.filter' \
		"wait:fetch('state', {method: 'POST', body: '$(event host-1 new critical)'}).then(answer => answer.ok)" \
		"$(rows 56)" 'print:document.querySelector("#rows tr").cells[0].textContent'
	echo "$output"
	[ "${lines[0]}" = '"1 to 100 of 250"' ]
	[ "${lines[1]}" = '"text"' ]
	[ "${lines[2]}" = '"#text=77"' ]
	[ "${lines[3]}" = '"host-1"' ]
	[ "${lines[4]}" = '"entity"' ]
	[ "${lines[5]}" = '"critical"' ]
	# two keys at once turn one page: the next but one is not known yet
	cat >"$work/twice.js" <<-'JS'
		for (let i = 0; i < 2; i++) document.body.dispatchEvent(new KeyboardEvent("keydown", {key: "n", bubbles: true}));
	JS
	run -0 browse "$(rows 100)" "file:$work/twice.js" 'wait:!asking' 'print:document.getElementById("place").textContent'
	[ "$output" = '"101 to 200 of 251"' ]
	# checks go while their page is shown: what is left, then the page before
	forget() { echo "wait:Promise.all([...Array(50).keys()].map(n => $1 ? fetch('state?entity=host-' + n, {method: 'DELETE'}) : 0))"; }
	run -0 browse "$(rows 100)" key:n 'wait:!asking && current' "$(forget 'n % 2')" \
		'wait:data.matches == 125 && !asking' 'print:document.getElementById("place").textContent.replace(/^.* of/, "of")' \
		'print:data.before + data.rows.length <= data.matches && document.getElementById("place").textContent.startsWith(String(data.before + 1))' \
		"$(forget 'n > 0 && n % 2 == 0')" 'wait:data.matches == 5' "$(rows 5)" 'print:document.getElementById("place").textContent'
	[ "${lines[0]}" = '"of 125"' ]
	[ "${lines[1]}" = true ]
	[ "${lines[2]}" = '"1 to 5 of 5"' ]
	curl -sSf -o /dev/null --data-binary "@$work/events" "$url"
	page_hash='#state=warning&entity=host-2'
	run -0 browse "$(rows 5)" 'print:document.querySelector("[name=state]:checked").value'
	[ "$output" = '"warning"' ]
}

# Prints what breaks the rules that need no judgement: a language, names of controls and drawings, headers
# with a scope, unique ids, the order of focus that of the document, a contrast of 4.5 (WCAG 1.4.3).
write_rules() {
	cat >"$work/rules.js" <<-'JS'
		globalThis.broken = (() => {
			const found = [], every = (selector) => [...document.querySelectorAll(selector)];
			const rule = (selector, holds, what) => every(selector).filter((e) => !holds(e)).forEach((e) => found.push([what, e.outerHTML.slice(0, 80)]));
			const numbers = (color) => color.match(/[\d.]+/g).map(Number);
			const light = (color) => numbers(color).slice(0, 3).map((c) => c / 255).map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
				.reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
			const ground = (e) => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor, n = numbers(c); if (n.length < 4 || n[3] === 1) return c; } return "rgb(255, 255, 255)"; };
			const contrast = (e) => { const [a, b] = [light(getComputedStyle(e).color), light(ground(e))].sort((x, y) => y - x); return (a + 0.05) / (b + 0.05); };
			const written = (e) => [...e.childNodes].some((n) => n.nodeType === Node.TEXT_NODE && n.data.trim()) && e.getClientRects().length && !e.disabled;
			rule("html", (e) => e.lang === "en" && document.title, "language and title");
			rule("button", (e) => e.textContent.trim() || e.ariaLabel, "name of a button");
			rule("input", (e) => e.labels.length && e.labels[0].textContent.trim(), "label of a field");
			rule("svg", (e) => e.getAttribute("aria-hidden") === "true" || (e.getAttribute("role") === "img" && e.getAttribute("aria-label")), "name of a drawing");
			rule("th", (e) => ["col", "row"].includes(e.scope) && e.textContent.trim(), "scope of a header");
			rule("table", (e) => e.caption && e.caption.textContent, "caption of a table");
			rule("[id]", (e) => every("#" + CSS.escape(e.id)).length === 1, "an id that is not unique");
			rule("[tabindex]", (e) => e.tabIndex <= 0, "order of focus");
			rule("body *", (e) => !written(e) || contrast(e) >= 4.5, "contrast");
			return found;
		})();
	JS
}

@test "names, headers, order of focus and contrast, light and dark" {
	without_redis
	ten
	write_rules
	run -0 browse "$(rows 10)" "file:$work/rules.js" 'print:broken' \
		'print:[document.querySelectorAll("#rows th, thead th").length, document.querySelectorAll("svg[role=img]").length]'
	echo "$output"
	[ "${lines[0]}" = '[]' ]
	[ "${lines[1]}" = '[18, 10]' ]
	run -0 browse --dark --size 390x800 "$(rows 10)" "file:$work/rules.js" 'print:broken'
	echo "$output"
	[ "$output" = '[]' ]
}

@test "hostile names and summaries are shown as text" {
	without_redis
	python3 - "$url" <<-'P'
		import json, sys, urllib.request
		def post(entity, check, state, summary, tags=()):
		    body = json.dumps(dict(entity=entity, check=check, state=state, summary=summary, tags=list(tags))).encode()
		    urllib.request.urlopen(urllib.request.Request(sys.argv[1], body)).read()
		post("<script>alert(1)</script>", "</td><img src=x onerror=alert(2)>", "critical",
		     "<b>bold</b><script>document.title='pwned'</script>", ["<i>tag</i>", "' onclick='alert(3)"])
		post("\u202eevil\u2066", "check \u202e gnp.exe \U000e0041\u00ad", "warning", "left \u202e right \u2067 isolate \u200b zero", ["\u202etag"])
		post("\u0639\u0631\u0628\u064a", "\u0641\u062d\u0635", "unknown", "\u0627\u0644\u0646\u0635 123 abc")
		post("x" * 1000, "y" * 1000, "warning", "z" * 4090)
		post("a&amp;b", "c&lt;d", "ok", "&quot; &#39; \\ \\u003c \" ' ` ${1}")
		post("quo'te", "b/c?d#e%20", "ok", "javascript:alert(4)")
		post("constructor", "__proto__", "ok", "z\u0335\u0321\u034d" * 200)
		post("hidden", "a\u00adb", "ok", "\u26a0\ufe0f up\U000e0041 \u3164 \u2028")
	P
	cat >"$work/long.js" <<-'JS'
		const long = [...document.querySelectorAll("#rows button")].find(button => button.dataset.value === "x".repeat(1000));
		long.click();
	JS
	run -0 browse "$(rows 8)" "$(shot hostile)" \
		'print:document.querySelectorAll("#rows script, #rows img, #rows b, #rows i, #rows [onclick]").length' \
		'print:document.documentElement.scrollWidth <= innerWidth' 'print:document.title' \
		'print:document.querySelector("#rows .summary bdi").textContent' \
		'print:Math.max(...[...document.querySelectorAll("#rows tr")].map(row => row.offsetHeight)) < 250' \
		'print:[...document.querySelectorAll("#rows th")].map(cell => cell.textContent).find(text => text.includes("gnp"))' \
		'print:[...document.querySelectorAll("#rows .summary div")].map(cell => [cell.innerText, cell.title]).find(texts => texts[0].includes("up"))' \
		'print:[...document.querySelectorAll("#rows [title]")].some(cell => /[\u202e\u2066]/.test(cell.title))' \
		"file:$work/long.js" "$(rows 1)" 'print:document.getElementById("health").className'
	[ "${lines[0]}" = 0 ]
	[ "${lines[1]}" = true ]
	[ "${lines[2]}" = '"1 critical – httpbroker"' ]
	[ "${lines[3]}" = "\"<b>bold</b><script>document.title='pwned'</script>\"" ]
	[ "${lines[4]}" = true ]
	[ "${lines[5]}" = '"check \\u202e gnp.exe \\U000e0041\\u00ad"' ]
	# in tooltips too; an emoji keeps its variant
	[ "$(jq -r '.[0]' <<<"${lines[6]}")" = $'\u26a0\ufe0f up\\U000e0041 \\u3164 \\u2028' ]
	[ "$(jq '.[0] == .[1]' <<<"${lines[6]}")" = true ]
	[ "${lines[7]}" = false ]
	# a name that is longer than a filter may be
	[ "${lines[8]}" = '"ok"' ]
	accessible "$(rows 8)"
}

@test "a hundred thousand checks" {
	without_redis
	python3 - "$url" <<-'P'
		import json, sys, urllib.request
		for batch in range(20):
		    events = [dict(entity="host-%05d" % (i * 7 % 20000), check="%d-%d" % (batch, i), ttl=3600,
		                   state="critical" if i % 500 == 0 else "ok", summary="value %d" % i) for i in range(5000)]
		    urllib.request.urlopen(urllib.request.Request(sys.argv[1], json.dumps(events).encode())).read()
	P
	run -0 browse "$(rows 100)" "$(shot 100000)" 'print:document.getElementById("place").textContent' \
		key:n 'wait:document.getElementById("place").textContent == "101 to 200 of 100,000"' \
		key:/ key:4 key:9 key:9 key:9 'wait:data.matches == 20' "$(rows 20)"
	[ "${lines[0]}" = '"1 to 100 of 100,000"' ]
	[ "$(curl -sS "${url%state}page.json" | wc -c)" -lt 60000 ]
}

@test "a stand-by, a broker whose Redis is away, and one that has stopped, say so; a token is asked for" {
	printf 'sesame\n' >"$work/tokens"
	chmod 600 "$work/tokens"
	page_hash=
	start_redis
	start_broker --interval 1h
	ten
	active=$url
	broker_port=0
	start standby httpbroker --port 0 --server "127.0.0.1:$redis_port" --token-file "$work/tokens"
	listens() {
		url=http://127.0.0.1:$(sed -n 's/^httpbroker: info: listening on 127\.0\.0\.1:\([0-9]*\)$/\1/p' "$work/standby.log")/state
		[[ "$url" =~ :[0-9]+/ ]]
	}
	poll 10 listens
	run -0 browse --busy --user any:sesame 'wait:data && data.role == "standby"' "$(shot standby)" 'print:document.getElementById("health").textContent' 'print:document.getElementById("empty").textContent'
	[[ "${lines[0]}" == '"Another broker is the active one. This broker has no checks to show; ask the active one.'* ]]
	[ "${lines[1]}" = '"The checks are not known here."' ]
	stop standby
	url=$active
	echo 'globalThis.fetch = () => Promise.reject(new TypeError("offline"))' >"$work/offline.js"
	stop redis
	away() { curl -sS "${url%state}page.json" | jq -e '.redis == false'; }
	poll 20 away
	run -0 browse --busy "$(rows 10)" "$(shot redis-away)" 'print:document.getElementById("health").className' \
		'print:document.getElementById("health").textContent'
	[ "${lines[0]}" = '"bad"' ]
	[[ "${lines[1]}" == '"Redis is away: '* ]]
	# a broker that hangs is not shown as healthy, and its data not as new
	echo 'globalThis.fetch = (url, {signal}) => new Promise((done, fail) => signal.addEventListener("abort", () => fail(signal.reason)))' >"$work/hanging.js"
	run -0 browse --busy "$(rows 10)" 'wait:document.getElementById("updated").textContent.startsWith("Updated ")' "file:$work/hanging.js" \
		'wait:document.getElementById("health").textContent == "The broker has not answered for 10 seconds. What is shown is old."' \
		'print:document.getElementById("health").className' 'wait:document.getElementById("updated").textContent.startsWith("Old: ")'
	[ "$output" = '"bad"' ]
	run -0 browse --busy "$(rows 10)" "file:$work/offline.js" 'wait:document.getElementById("health").textContent == "The broker cannot be reached. What is shown is old."' \
		"$(rows 10)"
}

@test "a token in the address is enough" {
	printf 'sesame\n' >"$work/tokens"
	chmod 600 "$work/tokens"
	page_hash=
	start broker httpbroker --port 0 --server none --token-file "$work/tokens"
	poll 10 broker_listens
	url=${url/127/any:sesame@127}
	posts 200 "$(event a b ok)"
	run -0 browse "$(rows 1)" 'print:health.className'
	[ "$output" = '"ok"' ]
}

@test "no replica of Redis confirms: the page shows it" {
	page_hash=
	start_sentinels 0
	start broker httpbroker --port 0 $(sentinels)
	poll 10 broker_listens
	poll 20 log_has broker 'no replica has what was written last'
	run -0 browse 'wait:data && data.replicated === false' "$(shot no-replica)" \
		'print:document.getElementById("health").textContent' 'print:document.getElementById("health").className'
	[ "${lines[0]}" = '"Active; no replica of Redis confirms: events are answered 202 and kept in memory."' ]
	[ "${lines[1]}" = '"bad"' ]
	accessible 'wait:data'
}
