#pragma once

#include <string>
#include <utility>

#include "bench/book.h"
#include "bench/failure.h"

namespace holdfast::bench {

// A database beside Holdfast's, on the same server; dropped when this goes, whatever happened.
class ScratchDatabase {
 public:
  static Result<ScratchDatabase> create(const std::string& url);

  ScratchDatabase(ScratchDatabase&& other) noexcept
      : server_(std::move(other.server_)),
        name_(std::move(other.name_)),
        is_ours_(std::exchange(other.is_ours_, false)) {}
  ScratchDatabase& operator=(ScratchDatabase&&) = delete;
  ~ScratchDatabase();

  const std::string& name() const { return name_; }

 private:
  ScratchDatabase(Book server, std::string name)
      : server_(std::move(server)), name_(std::move(name)) {}

  Book server_;
  std::string name_;
  bool is_ours_ = false;
};

}  // namespace holdfast::bench
