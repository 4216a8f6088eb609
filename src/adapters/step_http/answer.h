#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "domain/step_action.h"

namespace holdfast::step_http {

/// A response (RFC 9110), or as much of one as has come.
struct HttpAnswer {
  int status = 0;                                            ///< 0: nothing has come
  std::string status_line;                                   ///< as sent, without its end
  std::vector<std::pair<std::string, std::string>> headers;  ///< names in lower case, in order
  std::string body;                                          ///< cut after `limits::kMaxBodyBytes`
};

/// What a complete response means for the step.
StepAnswer meaning_of(const HttpAnswer& answer);

/// The answer when there is no complete response, with what had come by then.
StepAnswer lost_answer(const HttpAnswer& so_far, std::string_view why);

/// The answer of a call that ends before it was sent, or without our knowing.
StepAnswer unknown_answer(std::string_view why);

}  // namespace holdfast::step_http
