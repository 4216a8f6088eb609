#pragma once

namespace holdfast::sim {

/// Where a flow calls a port and is suspended.
struct Site {
  const char* call = "";         ///< as `book.settle`
  const void* caller = nullptr;  ///< the return address in the flow's code
};

/// The place that calls the function in which it stands. The function must be no coroutine and not
/// inlined: virtual functions called through a port are neither.
#define HF_SITE(call)                 \
  ::holdfast::sim::Site {             \
    call, __builtin_return_address(0) \
  }

}  // namespace holdfast::sim
