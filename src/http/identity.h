#pragma once

#include <optional>
#include <string_view>
#include <tl/expected.hpp>

#include "domain/ids.h"
#include "http/problem.h"
#include "http/request.h"
#include "ports/clock.h"

namespace holdfast::http {

/// The namespaces in which one API key's Idempotency-Key headers become ids. One per kind of
/// thing, so that the same header never gives an order and a refund the same id, and per API key,
/// so that two shops never meet in one order.
struct IdentitySpaces {
  Uuid orders;
  Uuid refunds;
};

/// Of an API key by its name: a rotated secret keeps its identities.
IdentitySpaces identity_spaces(std::string_view key_name);

/// The key in the request's `Idempotency-Key` header, without surrounding double quotes. Unset
/// where there is no such header. Refuses two headers, and what is not 1 to 255 visible
/// characters.
tl::expected<std::optional<std::string_view>, Problem> idempotency_key(const Request& request);

struct Identity {
  Uuid id;
  bool from_client = false;  ///< may be that of an earlier request
};

/// The body's id, else one derived from the header (UUIDv5), else a new one.
tl::expected<Identity, Problem> identify(const Request& request, std::optional<Uuid> in_body,
                                         const Uuid& space, Ids& ids);

}  // namespace holdfast::http
