#pragma once

#include <boost/json/object.hpp>
#include <string_view>

namespace holdfast::psp {

/// The body of a refusal (RFC 9457), with a `code` for programs.
inline boost::json::object problem_body(unsigned status, std::string_view code,
                                        std::string_view detail) {
  return {{"status", status}, {"code", code}, {"detail", detail}};
}

}  // namespace holdfast::psp
