#include "adapters/rabbitmq/ack_tracker.h"

#include <algorithm>

#include "domain/assert.h"

namespace holdfast::rabbitmq {

void AckTracker::delivered(std::uint64_t tag) {
  HF_ASSERT(tag == first_ + states_.size());
  states_.push_back(State::open);
}

AckTracker::State* AckTracker::find(std::uint64_t tag) {
  if (tag < first_ || tag - first_ >= states_.size()) return nullptr;
  return &states_[static_cast<std::size_t>(tag - first_)];
}

std::vector<AckFrame> AckTracker::acknowledge(std::vector<std::uint64_t> tags) {
  std::sort(tags.begin(), tags.end());
  std::size_t marked = 0;
  for (const auto tag : tags) {
    State* state = find(tag);
    if (state == nullptr || *state != State::open) continue;
    *state = State::acknowledging;
    ++marked;
  }
  std::vector<AckFrame> frames;
  std::uint64_t last_of_prefix = 0;
  std::size_t in_prefix = 0;
  while (!states_.empty() && states_.front() != State::open) {
    if (states_.front() == State::acknowledging) {
      last_of_prefix = first_;
      ++in_prefix;
    }
    states_.pop_front();
    ++first_;
  }
  if (in_prefix > 0) frames.push_back({last_of_prefix, in_prefix > 1});
  if (in_prefix == marked) return frames;
  for (const auto tag : tags) {
    State* state = find(tag);
    if (state == nullptr || *state != State::acknowledging) continue;
    *state = State::closed;
    frames.push_back({tag, false});
  }
  return frames;
}

std::vector<std::uint64_t> AckTracker::give_back(std::vector<std::uint64_t> tags) {
  std::sort(tags.begin(), tags.end());
  std::vector<std::uint64_t> given;
  for (const auto tag : tags) {
    State* state = find(tag);
    if (state == nullptr || *state != State::open) continue;
    *state = State::closed;
    given.push_back(tag);
  }
  drop_closed_front();
  return given;
}

void AckTracker::drop_closed_front() {
  while (!states_.empty() && states_.front() == State::closed) {
    states_.pop_front();
    ++first_;
  }
}

}  // namespace holdfast::rabbitmq
