#include <charconv>
#include <utility>

#include "domain/assert.h"
#include "ports/order_book.h"
#include "ports/stock_ledger.h"

namespace holdfast {
namespace {

std::pair<std::uint64_t, std::uint64_t> parts_of(std::string_view id) {
  std::pair<std::uint64_t, std::uint64_t> parts{0, 0};
  const auto dash = id.find('-');
  if (dash == std::string_view::npos) return parts;
  std::from_chars(id.data(), id.data() + dash, parts.first);
  std::from_chars(id.data() + dash + 1, id.data() + id.size(), parts.second);
  return parts;
}

}  // namespace

bool outbox_id_less(std::string_view a, std::string_view b) {
  return parts_of(a) < parts_of(b);
}

std::string_view to_string(MovementKind kind) {
  switch (kind) {
    case MovementKind::order: return "order";
    case MovementKind::refund: return "refund";
    case MovementKind::cancellation: return "cancellation";
    case MovementKind::adjustment: return "adjustment";
    case MovementKind::set: return "set";
  }
  HF_ASSERT(false);
}

std::optional<MovementKind> parse_movement_kind(std::string_view text) {
  for (const auto kind : {MovementKind::order, MovementKind::refund, MovementKind::cancellation,
                          MovementKind::adjustment, MovementKind::set}) {
    if (to_string(kind) == text) return kind;
  }
  return std::nullopt;
}

}  // namespace holdfast
