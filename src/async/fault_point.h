#pragma once

namespace holdfast::async {

/// Kills the process with SIGKILL when the environment's HOLDFAST_CRASH_AT names `point`
/// (`name`, or `name:n` for the n-th time it is passed). For tests of what a crash leaves behind.
void fault_point(const char* point);

}  // namespace holdfast::async

#if defined(HOLDFAST_FAULT_POINTS)
#define HF_FAULT_POINT(name) ::holdfast::async::fault_point(name)
#else
#define HF_FAULT_POINT(name) static_cast<void>(0)
#endif
