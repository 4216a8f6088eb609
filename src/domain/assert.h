#pragma once

#include <source_location>

namespace holdfast {

/// Prints the broken expectation and its place to stderr and aborts. Never returns.
[[noreturn]] void assertion_failed(const char* expression, std::source_location where);

}  // namespace holdfast

/// Guards against bugs of our own; stays on in release builds. Never for input or for the world.
#define HF_ASSERT(expression)                                                            \
  (static_cast<bool>(expression)                                                         \
       ? static_cast<void>(0)                                                            \
       : ::holdfast::assertion_failed(#expression, std::source_location::current()))
