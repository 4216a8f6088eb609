#include "bench/scratch_database.h"

#include <fmt/format.h>
#include <unistd.h>

namespace holdfast::bench {

Result<ScratchDatabase> ScratchDatabase::create(const std::string& url) {
  auto server = Book::open(url);
  if (!server) {
    return tl::make_unexpected(server.error());
  }
  ScratchDatabase scratch(std::move(*server), fmt::format("holdfast_scratch_{}", getpid()));
  const auto created = scratch.server_.run("create database " + scratch.name_);
  if (!created) {
    return tl::make_unexpected(created.error());
  }
  scratch.is_ours_ = true;
  return scratch;
}

ScratchDatabase::~ScratchDatabase() {
  if (is_ours_) {
    (void)server_.run("drop database if exists " + name_ + " with (force)");
  }
}

}  // namespace holdfast::bench
