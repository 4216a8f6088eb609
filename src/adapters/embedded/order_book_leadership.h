#pragma once

#include <mutex>

namespace holdfast::embedded {

/// Which of the books over one database rebuilds the ledger. On any thread.
class Leadership {
 public:
  /// True: `holder` leads, from now on or already.
  bool take(const void* holder) {
    const std::lock_guard lock(mutex_);
    if (holder_ == nullptr) holder_ = holder;
    return holder_ == holder;
  }
  /// Nothing where `holder` does not lead.
  void leave(const void* holder) {
    const std::lock_guard lock(mutex_);
    if (holder_ == holder) holder_ = nullptr;
  }

 private:
  std::mutex mutex_;
  const void* holder_ = nullptr;
};

}  // namespace holdfast::embedded
