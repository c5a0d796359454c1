-- SPDX-License-Identifier: MIT
--
-- What wrk posts: one event a request, the one of the original's manual but for its names and
-- its summary. The settings, after wrk's own `--`:
--
--   threads=N     of wrk: each has checks of its own
--   first=N       the number of the first check (default 0)
--   checks=N      how many there are
--   changes=yes   go round and round; half of the requests change the state (see below)
--   changes=no    each check once, OK; then always the last one
--   delay=MS      pause of a connection after each answer (default 0)
--   times=yes     an event's time is a second later each round (up to 1,800, then it is the
--                 broker's): of two of a check that overtake each other the newer stays
--   later=SECONDS the first of these times is so much later (default 0): a second load of the same
--                 checks has to be later than the first, or else its events are older than the known
--
-- The summary has the number of the round, so that whoever reads what was written can tell how
-- many requests of a check were taken, and how many changes there must have been: in round r a
-- check of even number is critical when r / 2 is odd, one of odd number when (r + 1) / 2 is.

local threads = 0

function setup(thread)
	thread:set("number", threads)
	threads = threads + 1
end

local function settings(words)
	local out = {first = 0, delay = 0, later = 0}
	for _, word in ipairs(words) do
		local key, value = word:match("^(%w+)=(.*)$")
		out[key] = tonumber(value) or value
	end
	return out
end

local head = "POST /state HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
local body = '{"entity":"foo-app-%%07d","check":"PING","type":"service","tags":"apps",' ..
	'"state":"%s","summary":"round trip %%07d","ttl":3600%s}'

local function form(state, times)
	local event = body:format(state, times and ',"time":%010d' or "")
	return head .. "Content-Length: " .. #event:format(0, 0, 0) .. "\r\n\r\n" .. event
end

local step, first, last, check, round, around
local began -- the time of the first round, in seconds since the epoch
local ok, critical -- what a request looks like
local first_call -- wrk asks its first thread for a request that it does not send

function init(words)
	local given = settings(words)
	step = given.threads
	first = given.first + number
	last = given.first + given.checks - 1
	check, round = first - step, 0
	first_call = number == 0
	around = given.changes == "yes"
	began = os.time() - 1800 + given.later
	ok, critical = form("ok", given.times == "yes"), form("critical", given.times == "yes")
	if given.delay > 0 then
		delay = function() return given.delay end
	end
end

local function advance()
	if first_call then
		first_call = false
		return
	end
	check = check + step
	if check <= last then return end
	if around then
		check, round = first, round + 1
	else
		check = check - step
	end
end

function request()
	advance()
	local half = math.floor((round + check % 2) / 2)
	return (half % 2 == 0 and ok or critical):format(check, round, began + round)
end

-- requests, failures, seconds; milliseconds: median, 99th percentile, longest
function done(summary, latency)
	local e = summary.errors
	io.write(("events: %d %d %.3f %.3f %.3f %.3f\n"):format(summary.requests,
		e.connect + e.read + e.write + e.timeout + e.status, summary.duration / 1e6,
		latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, latency.max / 1e3))
end
