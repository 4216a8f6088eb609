#pragma once

// The build may name its version; without one it is the version under way.
#ifndef HOLDFAST_VERSION
#define HOLDFAST_VERSION "0.1.0"
#endif

namespace holdfast::app {

inline constexpr const char* kVersion = HOLDFAST_VERSION;

}  // namespace holdfast::app
