#include "adapters/embedded/bus_topics.h"

#include <algorithm>
#include <utility>

namespace holdfast::embedded::bus {
namespace {

/// The first word of `text` and, behind its dot, the rest; no rest: it was the last word.
struct Words {
  std::string_view first;
  std::optional<std::string_view> rest;
};

Words split(std::string_view text) {
  const auto dot = text.find('.');
  if (dot == std::string_view::npos) return {text, std::nullopt};
  return {text.substr(0, dot), text.substr(dot + 1)};
}

bool words_match(std::optional<std::string_view> pattern, std::optional<std::string_view> topic) {
  if (!pattern) return !topic;
  const Words wanted = split(*pattern);
  if (wanted.first == "#") {
    if (words_match(wanted.rest, topic)) return true;
    return topic && words_match(pattern, split(*topic).rest);
  }
  if (!topic) return false;
  const Words word = split(*topic);
  return (wanted.first == "*" || wanted.first == word.first) && words_match(wanted.rest, word.rest);
}

}  // namespace

bool topic_matches(std::string_view pattern, std::string_view topic) {
  return words_match(pattern, topic);
}

class Topics::Registration final : public Listening {
 public:
  Registration(std::shared_ptr<Topics> topics, std::uint64_t number)
      : topics_(std::move(topics)), number_(number) {}
  ~Registration() override { topics_->remove(number_); }

 private:
  std::shared_ptr<Topics> topics_;
  std::uint64_t number_;
};

std::unique_ptr<Listening> Topics::listen(std::string pattern, EventSink sink) {
  const std::lock_guard lock(mutex_);
  const auto number = ++last_number_;
  listeners_.emplace(number, Listener{std::move(pattern), std::move(sink)});
  return std::make_unique<Registration>(shared_from_this(), number);
}

void Topics::remove(std::uint64_t number) {
  const std::lock_guard lock(mutex_);
  listeners_.erase(number);
}

bool Topics::anybody_listens(std::string_view topic) const {
  const std::lock_guard lock(mutex_);
  return std::any_of(listeners_.begin(), listeners_.end(), [&](const auto& listener) {
    return topic_matches(listener.second.pattern, topic);
  });
}

void Topics::tell(const OutgoingMessage& event) const {
  const std::lock_guard lock(mutex_);
  for (const auto& [number, listener] : listeners_) {
    if (topic_matches(listener.pattern, *event.topic)) listener.sink(event);
  }
}

}  // namespace holdfast::embedded::bus
