#include "cli/open_archive.h"

#include "app/book_archives.h"
#include "app/logging.h"
#include "app/server_backend.h"

namespace holdfast::cli {

OpenedArchive open_folder(Context& context, const std::string& folder, bool make) {
  auto archive = app::open_folder_archive(folder, make);
  if (!archive) {
    context.err << archive.error() << '\n';
    return {nullptr, kFailed};
  }
  return {std::move(*archive)};
}

OpenedArchive open_servers(const app::Config& config) {
  auto quiet = config.log;
  quiet.level = "warn";
  app::set_up_logging(quiet);
  if (const int code = app::migrate_book(config); code != kFine) {
    return {nullptr, code};
  }
  return {app::open_server_archive(config), kFine, kUnreachable};
}

}  // namespace holdfast::cli
