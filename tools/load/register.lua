-- wrk: each request registers a device of its own at the sandbox's Xyte. Arguments: the model's hardware key, a prefix.
local threads = 0
local headers = { ["Content-Type"] = "application/json", ["Accept"] = "application/json" }
local format = '{"hardware_key": "%s", "sn": "%s-%d-%d", "mac": "%02x%010x", "firmware_version": "1.0.0"}'

function setup(thread)
  threads = threads + 1
  thread:set("number", threads)
end

function init(arguments)
  key, prefix, count = arguments[1], arguments[2], 0
end

function request()
  count = count + 1
  return wrk.format("POST", nil, headers, string.format(format, key, prefix, number, count, number, count))
end

function done(summary, latency)
  local errors = summary.errors
  local lost = errors.connect + errors.read + errors.write + errors.timeout
  io.write(string.format("RESULT %f %d %d\n", summary.requests / summary.duration * 1e6, errors.status, lost))
end
