#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "domain/requests.h"

namespace holdfast::http {

/// `number` is one that is no int64: it has a fraction, an exponent, or is too large.
enum class JsonKind : std::uint8_t { null, boolean, integer, number, string, array, object };

/// Collects faults of a request, up to `limits::kMaxFaults`.
class Faults {
 public:
  void add(std::string pointer, std::string detail);
  [[nodiscard]] bool empty() const { return list_.empty(); }
  [[nodiscard]] const std::vector<FieldError>& list() const { return list_; }
  std::vector<FieldError> take() { return std::move(list_); }
  /// Adds those of `errors` that no fault noted so far, of the same place or one around it,
  /// explains.
  void add_unexplained(std::vector<FieldError> errors);

 private:
  std::vector<FieldError> list_;
};

/// One JSON text (RFC 8259), parsed strictly: valid UTF-8, no trailing data, no more than
/// `limits::kMaxJsonDepth` deep, and with duplicate members noted. Keeps its memory from one parse
/// to the next. Texts are views that live until the next parse.
class JsonDocument {
 public:
  using Index = std::uint32_t;
  static constexpr Index kNone = UINT32_MAX;

  struct Node {
    JsonKind kind = JsonKind::null;
    bool boolean = false;
    bool used = false;  ///< asked for by a reader, or a duplicate that was reported
    std::int64_t integer = 0;
    std::string_view text;  ///< of a string
    std::string_view key;   ///< of a member of an object
    Index parent = kNone;
    Index position = 0;  ///< among the parent's children
    Index first_child = kNone;
    Index last_child = kNone;
    Index next = kNone;  ///< the next child of the same parent
    Index children = 0;
  };

  /// Unset: parsed; duplicate members are then in `faults()`. Set: what is wrong with the text.
  std::optional<std::string> parse(std::string_view json);

  [[nodiscard]] Index root() const { return 0; }
  [[nodiscard]] const Node& node(Index index) const { return nodes_[index]; }
  void mark_used(Index index) { nodes_[index].used = true; }
  /// The JSON pointer (RFC 6901) to a node, or to where its member `key` should be.
  [[nodiscard]] std::string pointer(Index index) const;
  [[nodiscard]] std::string pointer(Index index, std::string_view key) const;
  [[nodiscard]] Faults& faults() { return faults_; }
  /// True when a number beyond any range ended the parse early: `faults()` is then all there is to
  /// say, and what seems missing may only be unread.
  [[nodiscard]] bool cut_short() const { return cut_short_; }

 private:
  friend struct JsonHandler;
  std::string_view keep(std::string_view last_part, std::size_t length);
  Index append(JsonKind kind);
  void note_duplicates(Index object);
  void note_duplicate(Index member);

  std::vector<Node> nodes_;
  std::vector<Index> open_;    ///< the containers around the present place
  std::vector<Index> sorted_;  ///< scratch of note_duplicates
  std::string texts_;          ///< never reallocates during a parse: views point into it
  std::string_view pending_key_;
  Faults faults_;
  bool cut_short_ = false;
};

}  // namespace holdfast::http
