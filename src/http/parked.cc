#include <algorithm>
#include <charconv>

#include "http/replies.h"
#include "http/request_bodies.h"
#include "http/resources.h"
#include "http/views.h"

namespace holdfast::http {
namespace {

using boost::asio::awaitable;

Problem unknown_parked() {
  return make_problem(problems::kNotFound,
                      "No parked message has this id; it may have been run again or discarded. "
                      "GET /v1/parked lists those there are.");
}

Problem in_use() {
  return make_problem(problems::kParkedInUse,
                      "This message is being run again at the moment. Nothing was changed; look "
                      "again in a minute.");
}

Response accepted(std::string_view member, std::int64_t count) {
  Response response;
  response.status = 202;
  JsonWriter json(response.body);
  json.begin_object();
  json.member(member, count);
  json.end_object();
  return response;
}

/// One page of groups, newest first. There are few groups, so a cursor is a position in the list.
std::optional<Page<ParkedGroup>> page_of(std::vector<ParkedGroup> groups,
                                         const PageRequest& wanted) {
  std::size_t from = 0;
  if (wanted.cursor) {
    const char* end = wanted.cursor->data() + wanted.cursor->size();
    const auto [rest, error] = std::from_chars(wanted.cursor->data(), end, from);
    if (error != std::errc{} || rest != end) return std::nullopt;
  }
  std::stable_sort(groups.begin(), groups.end(), [](const ParkedGroup& a, const ParkedGroup& b) {
    return a.oldest_at > b.oldest_at;
  });
  Page<ParkedGroup> page;
  for (std::size_t i = from; i < groups.size() && page.items.size() < wanted.limit; ++i) {
    page.items.push_back(groups[i]);
  }
  const std::size_t next = from + page.items.size();
  if (!page.items.empty() && next < groups.size()) page.next_cursor = std::to_string(next);
  return page;
}

}  // namespace

awaitable<Response> list_parked(Context& context) {
  ParkedFilter filter;
  if (auto queue = context.query.text("queue")) filter.queue = QueueName{std::move(*queue)};
  filter.reason = context.query.text("reason");
  if (const auto order_id = context.query.uuid("order_id")) filter.order_id = OrderId{*order_id};
  PageRequest wanted = context.query.page();
  if (const auto& problem = context.query.problem()) co_return to_response(*problem);
  const auto page = co_await context.services.parked.list(std::move(filter), std::move(wanted));
  if (!page) co_return to_response(problem_of(page.error()));
  co_return ok(page_view("parked", *page, write_parked));
}

awaitable<Response> list_parked_groups(Context& context) {
  const PageRequest wanted = context.query.page();
  if (const auto& problem = context.query.problem()) co_return to_response(*problem);
  auto groups = co_await context.services.parked.groups();
  if (!groups) co_return to_response(problem_of(groups.error()));
  const auto page = page_of(std::move(*groups), wanted);
  if (!page) {
    flows::Failure failure;
    failure.kind = flows::FailureKind::invalid_cursor;
    co_return to_response(problem_of(failure));
  }
  co_return ok(page_view("groups", *page, write_parked_group));
}

awaitable<Response> retry_parked(Context& context) {
  const auto id = parse_uuid(context.path[0]);
  if (!id) co_return to_response(unknown_parked());
  if (const auto problem = expect_no_fields(context)) co_return to_response(*problem);
  ParkedFilter filter;
  filter.id = *id;
  std::string actor(context.actor());
  const auto retried = co_await context.services.parked.retry(std::move(filter), std::move(actor));
  if (!retried) co_return to_response(problem_of(retried.error(), unknown_parked()));
  if (*retried == 0) co_return to_response(in_use());
  co_return accepted("retried", static_cast<std::int64_t>(*retried));
}

awaitable<Response> retry_all_parked(Context& context) {
  if (const auto problem = parse_body(context)) co_return to_response(*problem);
  auto filter = read_parked_filter(context.document);
  if (!filter) co_return to_response(filter.error());
  std::string actor(context.actor());
  const auto retried = co_await context.services.parked.retry(std::move(*filter), std::move(actor));
  if (!retried) {
    if (retried.error().kind == flows::FailureKind::not_found) co_return accepted("retried", 0);
    co_return to_response(problem_of(retried.error()));
  }
  co_return accepted("retried", static_cast<std::int64_t>(*retried));
}

awaitable<Response> discard_parked(Context& context) {
  const auto id = parse_uuid(context.path[0]);
  if (!id) co_return to_response(unknown_parked());
  auto reason = context.query.text("reason");
  if (const auto& problem = context.query.problem()) co_return to_response(*problem);
  if (!reason || reason->size() > bounds::kMaxReasonBytes) {
    co_return to_response(make_problem(
        problems::kInvalidRequest,
        "The query parameter `reason` is required, with up to 1024 bytes: say why the message is "
        "given up. It is kept in the audit log."));
  }
  std::string actor(context.actor());
  const auto discarded =
      co_await context.services.parked.discard(*id, std::move(*reason), std::move(actor));
  if (!discarded) co_return to_response(problem_of(discarded.error(), unknown_parked()));
  if (!*discarded) co_return to_response(in_use());
  co_return accepted("discarded", 1);
}

}  // namespace holdfast::http
