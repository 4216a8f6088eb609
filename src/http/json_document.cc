#include "http/json_document.h"

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/error.hpp>

#include "domain/assert.h"
#include "http/limits.h"

namespace holdfast::http {

using boost::json::error_code;

void Faults::add(std::string pointer, std::string detail) {
  if (list_.size() >= limits::kMaxFaults) return;
  list_.push_back({std::move(pointer), std::move(detail)});
}

void Faults::add_unexplained(std::vector<FieldError> errors) {
  const std::size_t noted = list_.size();
  for (FieldError& error : errors) {
    const auto explains = [&error](const FieldError& fault) {
      return error.pointer == fault.pointer || error.pointer.starts_with(fault.pointer + "/");
    };
    const auto end = list_.begin() + static_cast<std::ptrdiff_t>(noted);
    if (std::none_of(list_.begin(), end, explains)) {
      add(std::move(error.pointer), std::move(error.detail));
    }
  }
}

/// What Boost.JSON's parser calls for each part of the text (boost/json/basic_parser.hpp). Strings
/// and keys arrive in parts; `size` counts the whole so far.
struct JsonHandler {
  static constexpr std::size_t max_object_size = SIZE_MAX;
  static constexpr std::size_t max_array_size = SIZE_MAX;
  static constexpr std::size_t max_key_size = SIZE_MAX;
  static constexpr std::size_t max_string_size = SIZE_MAX;
  using Part = boost::json::string_view;

  explicit JsonHandler(JsonDocument& target) : document(target) {}

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }
  bool on_object_begin(error_code&) { return open(JsonKind::object); }
  bool on_object_end(std::size_t, error_code&) {
    document.note_duplicates(document.open_.back());
    document.open_.pop_back();
    return true;
  }
  bool on_array_begin(error_code&) { return open(JsonKind::array); }
  bool on_array_end(std::size_t, error_code&) {
    document.open_.pop_back();
    return true;
  }
  bool on_key_part(Part part, std::size_t, error_code&) { return add_part(part); }
  bool on_key(Part part, std::size_t size, error_code&) {
    document.pending_key_ = document.keep({part.data(), part.size()}, size);
    return true;
  }
  bool on_string_part(Part part, std::size_t, error_code&) { return add_part(part); }
  bool on_string(Part part, std::size_t size, error_code&) {
    const std::string_view text = document.keep({part.data(), part.size()}, size);
    document.nodes_[document.append(JsonKind::string)].text = text;
    return true;
  }
  bool on_number_part(Part, error_code&) { return true; }
  bool on_int64(std::int64_t value, Part, error_code&) {
    document.nodes_[document.append(JsonKind::integer)].integer = value;
    return true;
  }
  bool on_uint64(std::uint64_t, Part, error_code&) { return leaf(JsonKind::number); }
  bool on_double(double, Part, error_code&) { return leaf(JsonKind::number); }
  bool on_bool(bool value, error_code&) {
    document.nodes_[document.append(JsonKind::boolean)].boolean = value;
    return true;
  }
  bool on_null(error_code&) { return leaf(JsonKind::null); }
  bool on_comment_part(Part, error_code&) { return true; }
  bool on_comment(Part, error_code&) { return true; }

  bool leaf(JsonKind kind) {
    document.append(kind);
    return true;
  }
  bool open(JsonKind kind) {
    const JsonDocument::Index index = document.append(kind);
    document.open_.push_back(index);
    return true;
  }
  bool add_part(Part part) {
    document.texts_.append(part.data(), part.size());
    return true;
  }

  JsonDocument& document;
};

std::string_view JsonDocument::keep(std::string_view last_part, std::size_t length) {
  HF_ASSERT(texts_.size() + last_part.size() <= texts_.capacity());
  texts_.append(last_part);
  return std::string_view(texts_).substr(texts_.size() - length);
}

JsonDocument::Index JsonDocument::append(JsonKind kind) {
  const auto index = static_cast<Index>(nodes_.size());
  Node& node = nodes_.emplace_back();
  node.kind = kind;
  if (open_.empty()) return index;
  Node& parent = nodes_[open_.back()];
  node.parent = open_.back();
  node.position = parent.children++;
  if (parent.kind == JsonKind::object) node.key = pending_key_;
  if (parent.last_child == kNone) {
    parent.first_child = index;
  } else {
    nodes_[parent.last_child].next = index;
  }
  parent.last_child = index;
  return index;
}

void JsonDocument::note_duplicate(Index member) {
  nodes_[member].used = true;
  faults_.add(pointer(member), "this member is given more than once");
}

void JsonDocument::note_duplicates(Index object) {
  constexpr Index kFewMembers = 12;
  const Node& container = nodes_[object];
  if (container.children <= kFewMembers) {
    for (Index later = container.first_child; later != kNone; later = nodes_[later].next) {
      for (Index earlier = container.first_child; earlier != later;
           earlier = nodes_[earlier].next) {
        if (nodes_[earlier].key != nodes_[later].key) continue;
        note_duplicate(later);
        break;
      }
    }
    return;
  }
  // Sorted, since comparing each with each of thousands would let a small body cost much time.
  sorted_.clear();
  for (Index at = container.first_child; at != kNone; at = nodes_[at].next) sorted_.push_back(at);
  std::stable_sort(sorted_.begin(), sorted_.end(),
                   [this](Index a, Index b) { return nodes_[a].key < nodes_[b].key; });
  for (std::size_t i = 1; i < sorted_.size(); ++i) {
    if (nodes_[sorted_[i - 1]].key == nodes_[sorted_[i]].key) note_duplicate(sorted_[i]);
  }
}

std::optional<std::string> JsonDocument::parse(std::string_view json) {
  nodes_.clear();
  open_.clear();
  texts_.clear();
  texts_.reserve(json.size());  // unescaped text is never longer than what was escaped
  pending_key_ = {};
  faults_ = {};
  cut_short_ = false;
  if (json.empty()) return "the body is empty";

  boost::json::parse_options options;
  options.max_depth = limits::kMaxJsonDepth;
  boost::json::basic_parser<JsonHandler> parser(options, *this);
  error_code error;
  const std::size_t used = parser.write_some(false, json.data(), json.size(), error);
  if (!error && used < json.size()) error = boost::json::error::extra_data;
  if (error == boost::json::error::exponent_overflow) {
    // A number all right, only no integer: what follows it cannot be read any more.
    cut_short_ = true;
    append(JsonKind::number);
    faults_.add(pointer(static_cast<Index>(nodes_.size() - 1)), "this number is out of range");
    return std::nullopt;
  }
  if (error) return error.message() + " (at byte " + std::to_string(used) + ")";
  return std::nullopt;
}

std::string JsonDocument::pointer(Index index) const {
  const Node& node = nodes_[index];
  if (node.parent == kNone) return "";
  if (nodes_[node.parent].kind == JsonKind::array) {
    return pointer(node.parent) + "/" + std::to_string(node.position);
  }
  return pointer(node.parent, node.key);
}

std::string JsonDocument::pointer(Index index, std::string_view key) const {
  std::string text = pointer(index);
  text.push_back('/');
  for (const char c : key) {
    if (c == '~') {
      text += "~0";
    } else if (c == '/') {
      text += "~1";
    } else {
      text.push_back(c);
    }
  }
  return text;
}

}  // namespace holdfast::http
