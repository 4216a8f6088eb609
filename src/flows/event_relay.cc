#include "flows/event_relay.h"

#include <spdlog/spdlog.h>

#include <utility>
#include <vector>

#include "async/fault_point.h"
#include "flows/event_teller.h"
#include "flows/limits.h"

namespace holdfast::flows {

boost::asio::awaitable<void> EventRelay::run() {
  for (;;) {
    const auto published = co_await relay_once();
    if (published < limits::kEventBatch) co_await clock_.sleep(every_);
  }
}

boost::asio::awaitable<std::size_t> EventRelay::relay_once() {
  if (!bus_.connected()) co_return 0;
  const auto events = co_await book_.pending_events(limits::kEventBatch);
  if (!events || events->empty()) co_return 0;
  std::vector<OutgoingMessage> messages;
  std::vector<Uuid> ids;
  for (const auto& event : *events) {
    messages.push_back(message_of(event));
    ids.push_back(event.id);
  }
  if (!co_await publish_events(bus_, std::move(messages))) co_return 0;
  HF_FAULT_POINT("events_published_before_delete");
  const auto deleted = co_await book_.delete_events(ids);
  // Not deleted, they are published again under the same ids.
  if (!deleted) spdlog::warn("events are published again: {}", deleted.error().detail);
  co_return deleted ? ids.size() : 0;
}

}  // namespace holdfast::flows
