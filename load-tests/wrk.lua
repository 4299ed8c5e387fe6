-- Script for wrk: `wrk ... -s wrk.lua URL -- DEPTH`.
-- DEPTH is the number of requests sent at once on a connection (1: no pipelining). At the end one line with the figures is
-- printed for the scripts beside this file to read; latencies are microseconds.

function init(args)
  local depth = tonumber(args[1]) or 1
  if depth > 1 then
    local one = wrk.format()
    local batch = string.rep(one, depth)
    -- defined only here: with a global `request` wrk calls Lua for each request, which costs the load generator time
    request = function() return batch end
  end
end

function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format(
    "figures %d %.1f %d %d %d\n",
    summary.requests,
    summary.requests / (summary.duration / 1e6),
    latency:percentile(50.0),
    latency:percentile(99.0),
    e.connect + e.read + e.write + e.status + e.timeout))
end
