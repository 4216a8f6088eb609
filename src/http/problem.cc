#include "http/problem.h"

#include <algorithm>

#include "domain/assert.h"
#include "http/json_writer.h"

namespace holdfast::http {
namespace {

void write_errors(JsonWriter& json, const std::vector<FieldError>& errors) {
  json.key("errors");
  json.begin_array();
  for (const FieldError& error : errors) {
    json.begin_object();
    json.member("pointer", error.pointer);
    json.member("detail", error.detail);
    json.end_object();
  }
  json.end_array();
}

void write_shortages(JsonWriter& json, const std::vector<Shortage>& shortages) {
  json.key("shortages");
  json.begin_array();
  for (const Shortage& shortage : shortages) {
    json.begin_object();
    json.member("sku", shortage.sku.value);
    json.member("requested", shortage.requested.units);
    json.member("available", shortage.available.units);
    json.end_object();
  }
  json.end_array();
}

std::string body_of(const Problem& problem) {
  std::string body;
  body.reserve(256 + problem.detail.size() + 96 * problem.errors.size());
  JsonWriter json(body);
  json.begin_object();
  json.member("type", "urn:holdfast:problem:" + std::string(problem.kind.code));
  json.member("title", problem.kind.title);
  json.member("status", static_cast<std::int64_t>(problem.kind.status));
  json.member("detail", problem.detail);
  json.member("code", problem.kind.code);
  if (!problem.errors.empty()) write_errors(json, problem.errors);
  if (!problem.shortages.empty()) write_shortages(json, problem.shortages);
  if (problem.limit) {
    json.member("sku", problem.limit->sku.value);
    json.member("limit", problem.limit->limit.units);
    json.member("bought", problem.limit->bought.units);
  } else if (!problem.sku.empty()) {
    json.member("sku", problem.sku);
  }
  if (!problem.order_id.empty()) json.member("order_id", problem.order_id);
  json.end_object();
  return body;
}

std::string unavailable_detail(const flows::Failure& failure) {
  std::string detail =
      failure.dependency.empty() ? std::string("A server that this needs") : failure.dependency;
  detail += " cannot be used at the moment";
  if (!failure.detail.empty()) detail += " (" + failure.detail + ")";
  detail += ". Send the same request again after Retry-After; with the same id that is safe.";
  return detail;
}

}  // namespace

Problem make_problem(const ProblemKind& kind, std::string detail) {
  Problem problem{kind, std::move(detail), {}, {}, {}, {}, {}, {}, 0};
  return problem;
}

Problem invalid_fields(std::vector<FieldError> errors) {
  HF_ASSERT(!errors.empty());
  std::string detail = errors.size() == 1
                           ? "One field is not valid; see `errors`. Mend it and send again."
                           : std::to_string(errors.size()) +
                                 " fields are not valid; see `errors`. Mend them and send again.";
  Problem problem = make_problem(problems::kInvalidRequest, std::move(detail));
  problem.errors = std::move(errors);
  return problem;
}

Problem problem_of(const flows::Failure& failure, const Problem& not_found) {
  switch (failure.kind) {
    case flows::FailureKind::not_found: return not_found;
    case flows::FailureKind::invalid_cursor:
      return make_problem(problems::kInvalidRequest,
                          "The query parameter `cursor` is not one that a list answered. Pass "
                          "`next_cursor` on unchanged, with the same filters.");
    case flows::FailureKind::unavailable: {
      Problem problem = make_problem(problems::kUnavailable, unavailable_detail(failure));
      problem.retry_after_s = std::max(failure.retry_after_s, 1U);
      return problem;
    }
    case flows::FailureKind::rebuilding: {
      Problem problem = make_problem(
          problems::kRebuilding,
          "The stock ledger is being rebuilt from the book; nothing was done. Send the same "
          "request again after Retry-After.");
      problem.retry_after_s = std::max(failure.retry_after_s, 1U);
      return problem;
    }
  }
  HF_ASSERT(false);
}

Problem problem_of(const flows::Failure& failure) {
  return problem_of(failure, make_problem(problems::kNotFound, "There is nothing here."));
}

Response to_response(const Problem& problem) {
  Response response;
  response.status = problem.kind.status;
  response.content_type = kProblemJson;
  response.body = body_of(problem);
  response.allow = problem.allow;
  response.retry_after_s = problem.retry_after_s;
  response.challenge = problem.kind.status == 401;
  return response;
}

}  // namespace holdfast::http
