#include "adapters/embedded/broker.h"

#include <utility>

#include "adapters/embedded/bus_core.h"

namespace holdfast::embedded {

Broker::Broker(sqlite::Database& database, boost::asio::any_io_executor executor, Clock& clock,
               BrokerOptions options)
    : core_(std::make_shared<bus::Core>(database, std::move(executor), clock, options)) {
  core_->open();
}

Broker::~Broker() {
  core_->close();
}

std::unique_ptr<Listening> Broker::listen(std::string pattern, EventSink sink) {
  return core_->listen(std::move(pattern), std::move(sink));
}

}  // namespace holdfast::embedded
