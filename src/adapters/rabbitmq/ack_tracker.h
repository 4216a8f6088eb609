#pragma once

#include <cstdint>
#include <deque>
#include <vector>

namespace holdfast::rabbitmq {

/// One basic.ack to be sent.
struct AckFrame {
  std::uint64_t tag = 0;
  bool multiple = false;

  bool operator==(const AckFrame&) const = default;
};

/// Which deliveries of one channel are not acknowledged, and the fewest frames that acknowledge
/// some. A tag that is not open is ignored: acknowledging twice would end the channel.
class AckTracker {
 public:
  /// The next delivery; the broker numbers them 1, 2, 3, … per channel.
  void delivered(std::uint64_t tag);
  /// Everything up to the lowest tag that stays open goes into one frame, the rest singly.
  std::vector<AckFrame> acknowledge(std::vector<std::uint64_t> tags);
  /// The open ones of `tags`, ascending, open no longer: to be returned to the queue one by one.
  std::vector<std::uint64_t> give_back(std::vector<std::uint64_t> tags);

 private:
  enum class State : std::uint8_t { open, acknowledging, closed };

  State* find(std::uint64_t tag);
  void drop_closed_front();

  std::deque<State> states_;
  std::uint64_t first_ = 1;  // tag of states_.front()
};

}  // namespace holdfast::rabbitmq
