#include "adapters/redis/calls.h"

namespace holdfast::redis {

namespace asio = boost::asio;

void begin_script(Commands& commands, const Session& session, Script script, std::size_t keys,
                  std::size_t arguments) {
  commands.begin(3 + keys + arguments)
      .word("EVALSHA")
      .word(session.connection->digest_of(script))
      .word(static_cast<std::int64_t>(keys));
}

asio::awaitable<PortResult<Reply>> run_script(Session session, Script script, Commands commands) {
  auto result = co_await session.connection->exchange(commands);
  if (!result) co_return tl::unexpected(std::move(result.error()));
  if (is_no_script(result->back().view())) {
    Commands again(commands.text().size() + text_of(script).size() + 64);
    again.begin(3).word("SCRIPT").word("LOAD").word(text_of(script));
    again.append(commands);
    result = co_await session.connection->exchange(again);
    if (!result) co_return tl::unexpected(std::move(result.error()));
  }
  auto& reply = result->back();
  if (reply.view().is_error()) co_return tl::unexpected(error_of(reply.view(), Sent::script));
  co_return std::move(reply);
}

asio::awaitable<PortResult<Replies>> run_commands(Session session, Commands commands) {
  auto result = co_await session.connection->exchange(commands);
  if (!result) co_return result;
  for (std::size_t i = 0; i < result->size(); ++i) {
    const auto reply = (*result)[i].view();
    if (!reply.is_error()) continue;
    auto error = error_of(reply, Sent::command);
    if (result->size() > 1) error.effect = Effect::unknown;  // the others may have been carried out
    co_return tl::unexpected(std::move(error));
  }
  co_return result;
}

}  // namespace holdfast::redis
