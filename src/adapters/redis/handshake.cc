#include "adapters/redis/connection.h"

// What a new connection says and asks before it is used: who we are, whether the server keeps what
// it acknowledges, and the scripts. One round trip.

namespace holdfast::redis {
namespace {

constexpr std::string_view kClientName = "holdfast";

struct Setting {
  std::string_view name;
  std::string_view wanted;
  std::string_view why;
};

constexpr std::array<Setting, 3> kDurability = {{
    {"appendonly", "yes", "a restart would forget every reservation"},
    {"appendfsync", "always", "a crash could forget reservations that were acknowledged"},
    {"maxmemory-policy", "noeviction", "journal entries and stock could be evicted"},
}};

std::size_t add_login(Commands& commands, const RedisAddress& address) {
  const auto before = commands.count();
  if (!address.password.empty()) {
    commands.begin(address.user.empty() ? 2 : 3).word("AUTH");
    if (!address.user.empty()) commands.word(address.user);
    commands.word(address.password);
  }
  if (address.database != 0) commands.begin(2).word("SELECT").word(address.database);
  commands.begin(3).word("CLIENT").word("SETNAME").word(kClientName);
  return commands.count() - before;
}

/// Empty when the server's answer to CONFIG GET is what `setting` wants.
std::string judge(const Setting& setting, ReplyView answer) {
  const auto name = std::string(setting.name);
  if (answer.size() < 2) return "the server has no setting " + name;
  const auto value = answer[1].text();
  if (value == setting.wanted) return {};
  return "the server is not durable enough: " + name + " is " + std::string(value) + ", wanted " +
         std::string(setting.wanted) + "; " + std::string(setting.why);
}

/// What the server calls itself from its start to its end; empty when it does not say.
std::string run_id_in(std::string_view info) {
  constexpr std::string_view kName = "run_id:";
  const auto at = info.find(kName);
  if (at == std::string_view::npos) return {};
  const auto value = info.substr(at + kName.size());
  return std::string(value.substr(0, value.find_first_of("\r\n")));
}

}  // namespace

boost::asio::awaitable<std::string> Connection::shake_hands() {
  Commands commands;
  const auto login = add_login(commands, *address_);
  const auto settings = options_.require_durable ? kDurability.size() : 0;
  for (std::size_t i = 0; i < settings; ++i) {
    commands.begin(3).word("CONFIG").word("GET").word(kDurability[i].name);
  }
  commands.begin(2).word("INFO").word("server");
  for (const auto script : all_scripts()) {
    commands.begin(3).word("SCRIPT").word("LOAD").word(text_of(script));
  }
  const auto result = co_await begin(commands, Phase::handshake);
  if (!result) co_return last_error_;

  const auto& replies = *result;
  try {
    for (const auto& reply : replies) {
      if (reply.view().is_error()) {
        co_return "the server refused the connection: " + std::string(reply.view().text());
      }
    }
    for (std::size_t i = 0; i < settings; ++i) {
      auto fault = judge(kDurability[i], replies[login + i].view());
      is_too_weak_ = !fault.empty();
      if (is_too_weak_) co_return fault;
    }
    run_id_ = run_id_in(replies[login + settings].view().text());
    for (std::size_t i = 0; i < kScriptCount; ++i) {
      digests_[i] = std::string(replies[login + settings + 1 + i].view().text());
    }
  } catch (const UnexpectedReply& unexpected) {
    co_return std::string("the server's answer is not understood: ") + unexpected.what();
  }
  co_return std::string{};
}

}  // namespace holdfast::redis
