-- The requests that wrk sends. Environment variables:
--   LOAD      transfer | batch | balance | reference_transfer | reference_balance | peer_transfer | peer_balance | bare
--   TARGETS   a file with one line per user: "name<TAB>token<TAB>payee,payee,…"
-- An answer with a status of 300 or above, or with errors in it, counts as a failure, not as throughput.

local load = os.getenv("LOAD")
local people, threads = {}, {}

function setup(thread)
  table.insert(threads, thread)
  thread:set("number", #threads)
end

function init()
  math.randomseed(os.time() + number * 7919)
  run = string.format("%x%x", os.time(), math.random(0, 2 ^ 30))
  for line in io.lines(os.getenv("TARGETS")) do
    local name, token, payees = line:match("^([^\t]*)\t([^\t]*)\t?(.*)$")
    local person = { name = name, token = token, payees = {} }
    for payee in payees:gmatch("[^,]+") do table.insert(person.payees, payee) end
    table.insert(people, person)
  end
  sent, good, bad, first = 0, 0, 0, ""
end

local function post(path, token, body)
  local headers = {
    ["Content-Type"] = "application/json", ["Authorization"] = "Bearer " .. token, ["X-Pocketpay-Cost"] = "0",
  }
  return wrk.format("POST", path, headers, body)
end

local requests = {
  transfer = function(person)
    sent = sent + 1
    return post("/graphql", person.token, string.format(
      '{"query":"mutation Pay($input: TransferInput!) { transfer(input: $input) { transaction { id status } errors { code message } } }",'
      .. '"variables":{"input":{"to":"%s","amount":"0.01","description":"lunch","idempotencyKey":"%s-%d-%d"}}}',
      person.payees[math.random(#person.payees)], run, number, sent))
  end,
  batch = function(person)
    sent = sent + 1
    local transfers = {}
    for number = 1, 50 do
      transfers[number] = string.format('{"to":"%s","amount":"0.01","description":"lunch"}', person.payees[math.random(#person.payees)])
    end
    return post("/graphql", person.token, string.format(
      '{"query":"mutation Pay($input: TransferBatchInput!) { transferBatch(input: $input) { results { transaction { id status } errors { code message } } errors { code message } } }",'
      .. '"variables":{"input":{"transfers":[%s],"idempotencyKey":"%s-%d-%d"}}}',
      table.concat(transfers, ","), run, number, sent))
  end,
  balance = function(person)
    return post("/graphql", person.token,
      '{"query":"query Balance { wallet { balance { amount } held { amount } available { amount } version } }"}')
  end,
  reference_transfer = function(person)
    return post("/transfers", person.token, string.format(
      '{"recipient_wallet_id":"%s","amount":0.01,"description":"lunch","confirmed":true}',
      person.payees[math.random(#person.payees)]))
  end,
  reference_balance = function(person)
    return wrk.format("GET", "/wallet/balance", { ["Authorization"] = "Bearer " .. person.token })
  end,
  peer_transfer = function(person)
    return post("/graphql", person.token, string.format(
      '{"query":"mutation Pay($from: ID!, $to: ID!, $amount: String!) { transfer(from: $from, to: $to, amount: $amount) { id amount } }",'
      .. '"variables":{"from":"%s","to":"%s","amount":"1"}}',
      person.name, person.payees[math.random(#person.payees)]))
  end,
  peer_balance = function(person)
    return post("/graphql", person.token, string.format(
      '{"query":"query Balance($id: ID!) { account(id: $id) { balance version } }","variables":{"id":"%s"}}', person.name))
  end,
  bare = function(person)
    return post("/", person.token, '{"query":"query Balance { wallet { balance { amount } } }"}')
  end,
}

function request() return requests[load](people[math.random(#people)]) end

function response(status, _, body)
  if status >= 300 or body:find('"code":', 1, true) or body:find('"errors":[{', 1, true) or ((load == "transfer" or load == "batch") and not body:find("COMPLETED", 1, true)) then
    bad = bad + 1
    if first == "" then first = status .. " " .. body:sub(1, 300) end
  else
    good = good + 1
  end
end

function done(summary, latency)
  local all_good, all_bad, why = 0, 0, ""
  for _, thread in ipairs(threads) do
    all_good = all_good + thread:get("good")
    all_bad = all_bad + thread:get("bad")
    if thread:get("first") ~= "" then why = thread:get("first") end
  end
  local errors = summary.errors
  local unanswered = errors.connect + errors.read + errors.write + errors.timeout
  io.write(string.format("RESULT %.1f %d %.3f %.3f %d %d\n", all_good / (summary.duration / 1e6), all_bad,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, all_good, unanswered))
  if why ~= "" then io.write("FIRST FAILURE " .. why .. "\n") end
end
