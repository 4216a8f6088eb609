#include "adapters/redis/scripts.h"

#include "domain/assert.h"
#include "embedded/redis_scripts.h"

namespace holdfast::redis {

const std::array<Script, kScriptCount>& all_scripts() {
  static constexpr std::array<Script, kScriptCount> kAll = {
      Script::reserve,
      Script::settle,
      Script::give_back,
      Script::adjust,
      Script::begin_limit_change,
      Script::set_limit,
      Script::levels,
      Script::state,
      Script::rebuild_begin,
      Script::rebuild_forget,
      Script::rebuild_write,
  };
  return kAll;
}

std::string_view text_of(Script script) {
  switch (script) {
    case Script::reserve: return embedded::reserve_7n_lua;
    case Script::settle: return embedded::settle_2n_lua;
    case Script::give_back: return embedded::give_back_7n_lua;
    case Script::adjust: return embedded::adjust_4_lua;
    case Script::begin_limit_change: return embedded::begin_limit_change_3_lua;
    case Script::set_limit: return embedded::set_limit_4_lua;
    case Script::levels: return embedded::levels_3_lua;
    case Script::state: return embedded::state_3_lua;
    case Script::rebuild_begin: return embedded::rebuild_begin_2_lua;
    case Script::rebuild_forget: return embedded::rebuild_forget_3n_lua;
    case Script::rebuild_write: return embedded::rebuild_write_2n_lua;
  }
  HF_ASSERT(false);
}

}  // namespace holdfast::redis
