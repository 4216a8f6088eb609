#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <system_error>

#include "adapters/embedded/book_archive.h"
#include "adapters/embedded/order_book.h"
#include "adapters/embedded/stock_ledger.h"
#include "app/book_archives.h"
#include "app/embedded_backend.h"

namespace holdfast::app {
namespace {

class FolderArchive final : public BookArchive {
 public:
  /// Throws sqlite::Failure.
  explicit FolderArchive(const std::string& file) : database_(idle_.get_executor(), file) {
    database_.run_now([](sqlite::Session& session) {
      embedded::prepare_ledger(session);
      embedded::prepare_book(session);
    });
  }

  PortResult<bool> read(const Take& take) override { return archive_.read(take); }
  PortResult<void> write(const Next& next) override { return archive_.write(next); }

 private:
  boost::asio::io_context idle_;  ///< never run: all is done at once
  sqlite::Database database_;
  embedded::EmbeddedBookArchive archive_{database_};
};

}  // namespace

tl::expected<std::unique_ptr<BookArchive>, std::string> open_folder_archive(
    const std::string& folder, bool make) {
  const auto file = EmbeddedBackend::file_in(folder);
  std::error_code error;
  if (make) std::filesystem::create_directories(folder, error);
  if (error) return tl::unexpected("cannot make " + folder + ": " + error.message());
  if (!make && !std::filesystem::exists(file, error)) {
    return tl::unexpected("there is no book in " + folder + ": no file " + file);
  }
  try {
    return std::make_unique<FolderArchive>(file);
  } catch (const sqlite::Failure& failure) {
    const bool in_use = failure.detail.find("is in use") != std::string::npos;
    return tl::unexpected(failure.detail + (in_use ? "; stop `holdfast dev` first" : ""));
  }
}

}  // namespace holdfast::app
