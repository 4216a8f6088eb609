#pragma once

namespace holdfast {

/// Prints the broken expectation and its place to stderr and aborts. Never returns.
[[noreturn]] void assertion_failed(const char* expression, const char* file, int line);

}  // namespace holdfast

/// Guards against bugs of our own; stays on in release builds. Never for input or for the world.
#define HF_ASSERT(expression)                           \
  (static_cast<bool>(expression) ? static_cast<void>(0) \
                                 : ::holdfast::assertion_failed(#expression, __FILE__, __LINE__))

/// For a place that no execution reaches, as after a switch over every value.
#define HF_UNREACHABLE(why) ::holdfast::assertion_failed("not reached: " why, __FILE__, __LINE__)
