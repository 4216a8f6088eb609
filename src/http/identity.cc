#include "http/identity.h"

#include <algorithm>
#include <string>

#include "http/limits.h"

namespace holdfast::http {
namespace {

/// Root of all derived ids, 1dae0cf4-e4c0-4d91-8dce-2219654ec2ab: chosen at random, never to
/// change.
constexpr Uuid kRoot{{0x1d, 0xae, 0x0c, 0xf4, 0xe4, 0xc0, 0x4d, 0x91, 0x8d, 0xce, 0x22, 0x19, 0x65,
                      0x4e, 0xc2, 0xab}};

Problem refused(std::string detail) {
  return make_problem(problems::kInvalidRequest, std::move(detail));
}

}  // namespace

IdentitySpaces identity_spaces(std::string_view key_name) {
  const std::string name(key_name);
  return {name_based_uuid(kRoot, "orders/" + name), name_based_uuid(kRoot, "refunds/" + name)};
}

tl::expected<std::optional<std::string_view>, Problem> idempotency_key(const Request& request) {
  if (request.idempotency_keys == 0) return std::optional<std::string_view>{};
  if (request.idempotency_keys > 1) {
    return tl::unexpected(refused(
        "There are two Idempotency-Key headers. Send one, so that it is clear which counts."));
  }
  std::string_view key = request.idempotency_key;
  if (key.size() >= 2 && key.front() == '"' && key.back() == '"')
    key = key.substr(1, key.size() - 2);
  const auto visible = [](char c) { return c > 0x20 && c < 0x7f; };
  if (key.empty() || key.size() > limits::kMaxIdempotencyKeyBytes ||
      !std::all_of(key.begin(), key.end(), visible)) {
    return tl::unexpected(
        refused("The Idempotency-Key header must be 1 to 255 visible ASCII characters, such as a "
                "UUID, the same for each repeat of one request."));
  }
  return std::optional<std::string_view>{key};
}

tl::expected<Identity, Problem> identify(const Request& request, std::optional<Uuid> in_body,
                                         const Uuid& space, Ids& ids) {
  const auto key = idempotency_key(request);
  if (!key) return tl::unexpected(key.error());
  if (in_body) return Identity{*in_body, true};
  if (*key) return Identity{name_based_uuid(space, **key), true};
  return Identity{ids.next(), false};
}

}  // namespace holdfast::http
