#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/json_document.h"

namespace holdfast::http {

enum class Presence { required, optional };

/// Reads the members of one object by name and notes every fault in the document: missing, of the
/// wrong type, null, and (`finish`) unknown. A member that is absent or faulty reads as unset.
class ObjectReader {
 public:
  using Index = JsonDocument::Index;

  /// Notes a fault when `index` is not an object; every member then reads as unset, silently.
  ObjectReader(JsonDocument& document, Index index);

  std::optional<std::string_view> text(std::string_view key, Presence presence);
  std::optional<std::int64_t> integer(std::string_view key, Presence presence);
  std::optional<bool> boolean(std::string_view key, Presence presence);
  std::optional<std::vector<Index>> array(std::string_view key, Presence presence);
  std::optional<Index> object(std::string_view key, Presence presence);
  /// True when the member is there and null, which the caller gives a meaning to.
  bool take_null(std::string_view key);
  /// All members, whatever their names, as texts; each other kind is a fault.
  std::vector<std::pair<std::string_view, std::string_view>> all_texts();

  /// Notes each member that was not asked for.
  void finish();

  /// Notes a fault of a member's value.
  void fault(std::string_view key, std::string detail);

 private:
  [[nodiscard]] Index find(std::string_view key) const;
  std::optional<Index> take(std::string_view key, Presence presence, JsonKind kind,
                            std::string_view wanted);
  bool check(Index index, JsonKind kind, std::string_view wanted);
  std::optional<std::string_view> checked_text(Index index);

  JsonDocument& document_;
  Index index_;
  bool is_object_;
};

}  // namespace holdfast::http
