#include "async/fault_point.h"

#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace holdfast::async {

void fault_point(const char* point) {
  const char* wanted = std::getenv("HOLDFAST_CRASH_AT");
  if (wanted == nullptr) return;
  std::string name = wanted;
  long countdown = 1;
  if (const auto colon = name.find(':'); colon != std::string::npos) {
    countdown = std::strtol(name.c_str() + colon + 1, nullptr, 10);
    name.resize(colon);
  }
  if (name != point) return;
  thread_local long passed = 0;
  if (++passed < countdown) return;
  std::fprintf(stderr, "holdfast: crashing at fault point %s\n", point);
  ::kill(::getpid(), SIGKILL);
}

}  // namespace holdfast::async
