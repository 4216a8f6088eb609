#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <utility>

#include "adapters/redis/connection.h"
#include "adapters/redis/keys.h"
#include "adapters/redis/outcomes.h"

namespace holdfast::redis {

/// What a call takes with it, so that it survives the ledger it was made on.
struct Session {
  std::shared_ptr<Connection> connection;
  std::shared_ptr<const Keys> keys;
};

/// Begins an EVALSHA of `script` in `commands`; `keys` keys and then `arguments` words must follow.
void begin_script(Commands& commands, const Session& session, Script script, std::size_t keys,
                  std::size_t arguments);

/// Sends one EVALSHA. A server that has lost its scripts is given this one, and the call is sent
/// again, which is safe: it has not run. Error replies come back as PortError.
boost::asio::awaitable<PortResult<Reply>> run_script(Session session, Script script,
                                                     Commands commands);

/// Sends plain commands and fails with the first error reply among theirs.
boost::asio::awaitable<PortResult<Replies>> run_commands(Session session, Commands commands);

/// Runs `parse`, which may throw UnexpectedReply. The call did have its effect by then.
template <class Parse>
auto understood(Parse parse) -> PortResult<decltype(parse())> {
  try {
    return parse();
  } catch (const UnexpectedReply& unexpected) {
    return tl::unexpected(
        PortError{PortErrorKind::rejected, Effect::unknown,
                  std::string("Redis' answer is not understood: ") + unexpected.what()});
  }
}

boost::asio::awaitable<PortResult<void>> rebuild_ledger(Session session, RebuiltLedger ledger);

}  // namespace holdfast::redis
