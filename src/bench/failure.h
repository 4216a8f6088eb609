#pragma once

#include <string>
#include <tl/expected.hpp>

namespace holdfast::bench {

// Why a benchmark ended early. What had been set up is taken down again whatever happened.
struct Failure {
  std::string message;
  bool is_unreachable = false;  // a server was not there
};

template <typename T>
using Result = tl::expected<T, Failure>;

inline tl::unexpected<Failure> fail(std::string message) {
  return tl::make_unexpected(Failure{std::move(message), false});
}

inline tl::unexpected<Failure> unreachable(std::string message) {
  return tl::make_unexpected(Failure{std::move(message), true});
}

}  // namespace holdfast::bench
