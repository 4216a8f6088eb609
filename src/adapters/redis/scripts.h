#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace holdfast::redis {

/// The Lua scripts of this adapter, one file each under scripts/.
enum class Script {
  reserve,
  settle,
  give_back,
  adjust,
  begin_limit_change,
  set_limit,
  levels,
  state,
  rebuild_begin,
  rebuild_forget,
  rebuild_write,
};

inline constexpr std::size_t kScriptCount = 11;

/// All of them, in the order of the enum.
const std::array<Script, kScriptCount>& all_scripts();
std::string_view text_of(Script script);

}  // namespace holdfast::redis
