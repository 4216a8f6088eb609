#include "adapters/step_http/answer.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>

#include "adapters/step_http/limits.h"
#include "adapters/step_http/printable.h"

namespace holdfast::step_http {
namespace {

/// Shown first; `location` because redirects are not followed.
constexpr std::array<std::string_view, 4> kTellingHeaders{"retry-after", "content-type",
                                                          "x-request-id", "location"};
/// Says who the session belongs to and nothing about the failure.
constexpr std::string_view kPrivateHeader = "set-cookie";

bool is_telling(std::string_view name) {
  return std::find(kTellingHeaders.begin(), kTellingHeaders.end(), name) != kTellingHeaders.end();
}

StepAnswerKind kind_of(int status) {
  if (status == 202) return StepAnswerKind::awaiting;
  if (status >= 200 && status < 300) return StepAnswerKind::done;
  const bool is_temporary = status == 408 || status == 425 || status == 429;
  if (status >= 400 && status < 500 && !is_temporary) return StepAnswerKind::failed;
  return StepAnswerKind::unknown;
}

/// Takes what the body of a success says, as far as it is what we look for.
void read_body(const std::string& body, StepAnswer& answer) {
  boost::system::error_code error;
  const boost::json::value value = boost::json::parse(body, error);
  if (error || !value.is_object()) return;
  const auto& object = value.get_object();
  if (const auto* reference = object.if_contains("reference");
      reference != nullptr && reference->is_string()) {
    answer.reference = printable_characters(reference->get_string(), limits::kMaxReferenceChars);
  }
  if (const auto* amount = object.if_contains("amount");
      amount != nullptr && amount->is_int64() && amount->get_int64() >= 0) {
    answer.amount = amount->get_int64();
  }
}

void append_header(std::string_view name, std::string_view value, std::size_t& left,
                   std::string& detail) {
  const std::string line = "; " + printable(name, limits::kDetailLineBytes) + ": " +
                           printable(value, limits::kDetailLineBytes);
  if (line.size() > left) return;
  left -= line.size();
  detail += line;
}

/// Status line, headers and the beginning of the body, for people.
std::string describe(const HttpAnswer& answer) {
  std::string detail = printable(answer.status_line, limits::kDetailLineBytes);
  std::size_t left = limits::kDetailHeaderBytes;
  for (const auto telling : kTellingHeaders) {
    for (const auto& [name, value] : answer.headers) {
      if (name == telling) append_header(name, value, left, detail);
    }
  }
  for (const auto& [name, value] : answer.headers) {
    if (is_telling(name) || name == kPrivateHeader) continue;
    if (name.size() + value.size() > limits::kDetailShortHeader) continue;
    append_header(name, value, left, detail);
  }
  if (!answer.body.empty()) {
    detail += "; body: " + printable(answer.body, limits::kDetailBodyBytes);
    if (answer.body.size() > limits::kDetailBodyBytes) detail += " …";
  }
  return detail;
}

}  // namespace

StepAnswer meaning_of(const HttpAnswer& answer) {
  StepAnswer meaning;
  meaning.kind = kind_of(answer.status);
  switch (meaning.kind) {
    case StepAnswerKind::done:
    case StepAnswerKind::awaiting: read_body(answer.body, meaning); break;
    case StepAnswerKind::failed:
      meaning.payment_declined = answer.status == 402;
      meaning.detail = describe(answer);
      break;
    case StepAnswerKind::unknown:
      if (answer.status >= 300 && answer.status < 400) {
        meaning.detail = "redirects are not followed: ";
      }
      meaning.detail += describe(answer);
      break;
  }
  return meaning;
}

StepAnswer lost_answer(const HttpAnswer& so_far, std::string_view why) {
  auto answer = unknown_answer(why);
  if (so_far.status != 0) answer.detail += ", after " + describe(so_far);
  return answer;
}

StepAnswer unknown_answer(std::string_view why) {
  StepAnswer answer;
  answer.kind = StepAnswerKind::unknown;
  answer.detail = printable(why, limits::kDetailHeaderBytes);
  return answer;
}

}  // namespace holdfast::step_http
