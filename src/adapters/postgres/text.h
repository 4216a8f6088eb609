#pragma once

#include <string>
#include <string_view>

namespace holdfast::postgres {

/// True when PostgreSQL takes `text` as a text: UTF-8 (RFC 3629) without NUL.
bool is_storable(std::string_view text);

/// `text` with `?` for every byte that PostgreSQL would not take. For what others say of their
/// failures, which may hold anything and must not keep the failure from being recorded.
std::string storable(std::string_view text);

}  // namespace holdfast::postgres
