#pragma once

#include <memory>
#include <string>
#include <tl/expected.hpp>

#include "app/config.h"
#include "ports/book_archive.h"

namespace holdfast::app {

/// The archive of the book behind `holdfast dev --data folder`. The error says why there is none:
/// no book in `folder` (made when `make` says so), or a process that uses it.
tl::expected<std::unique_ptr<BookArchive>, std::string> open_folder_archive(
    const std::string& folder, bool make);

/// The archive of the book behind `holdfast serve`, whose schema is up to date. Orders that only
/// Redis has are read as `unsettled`. Refuses to read while RabbitMQ's queues of orders and of
/// parked messages are not empty, which a worker must handle, and to write where Redis or that
/// queue hold orders: they are another book's. `config` must live on.
std::unique_ptr<BookArchive> open_server_archive(const Config& config);

}  // namespace holdfast::app
