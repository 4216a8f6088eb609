#pragma once

#include <string>
#include <string_view>

namespace holdfast::codec {

/// True when every store takes `text` as a text: UTF-8 (RFC 3629) without NUL.
bool is_storable(std::string_view text);

/// `text` with `?` for every byte that makes it not storable. For what others say of their
/// failures, which may hold anything and must not keep the failure from being recorded.
std::string storable(std::string_view text);

}  // namespace holdfast::codec
