-- POST /api/notifications to one person after another.
-- Arguments: the administrator's token, then the recipients' ids.

local recipients = {}
local count = 0

function init(args)
  wrk.method = "POST"
  wrk.headers["Authorization"] = "Bearer " .. args[1]
  wrk.headers["Content-Type"] = "application/json"
  for index = 2, #args do
    recipients[index - 1] = args[index]
  end
end

function request()
  count = count + 1
  local recipient = recipients[count % #recipients + 1]
  local body = string.format('{"userId":"%s","title":"A build","message":"Build %d is green"}', recipient, count)
  return wrk.format(nil, nil, nil, body)
end
