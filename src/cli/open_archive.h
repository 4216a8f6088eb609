#pragma once

#include <memory>
#include <string>

#include "cli/command.h"
#include "ports/book_archive.h"

// The book that `export` reads and `import` writes.

namespace holdfast::cli {

struct OpenedArchive {
  std::unique_ptr<BookArchive> archive;  // null: `code` says how the command ends, and it was told
  int code = kFine;
  int when_unavailable = kFailed;

  // How a command ends that failed with `error`.
  int code_of(const PortError& error) const {
    return error.kind == PortErrorKind::unavailable ? when_unavailable : kFailed;
  }
};

// What is behind `holdfast dev --data folder`; made where there is none and `make` says so.
OpenedArchive open_folder(Context& context, const std::string& folder, bool make);

// What is behind `holdfast serve`, its schema brought up to date. `config` must live on. Once.
OpenedArchive open_servers(const app::Config& config);

}  // namespace holdfast::cli
