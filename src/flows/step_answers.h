#pragma once

#include <boost/asio/awaitable.hpp>

#include "codec/step_body.h"
#include "domain/decide_step.h"
#include "flows/failure.h"
#include "flows/order_updates.h"
#include "flows/order_work.h"
#include "flows/plan_book.h"
#include "flows/stock_release.h"
#include "ports/clock.h"
#include "ports/message_bus.h"
#include "ports/order_book.h"

namespace holdfast::flows {

/// Takes what workers in other programs answer to steps of kind `amqp`. The order of writing is:
/// the outcome in the book, messages confirmed, broker ack. One per worker loop.
class StepAnswers {
 public:
  struct Ports {
    OrderBook& book;
    MessageBus& bus;
    Clock& clock;
    Ids& ids;
    PlanBook& plans;
    const OrderWriter& writer;
    OrderFinisher& finisher;
  };
  StepAnswers(Ports ports, StepPolicy policy) : ports_(ports), policy_(policy) {}

  /// Works until the bus stops. Run it once.
  boost::asio::awaitable<void> run();
  boost::asio::awaitable<void> handle(std::vector<Delivery> deliveries);

 private:
  boost::asio::awaitable<void> take(codec::WorkerAnswer answer, OrderWork& work);
  boost::asio::awaitable<RetryPolicy> retry_of(StepAction action);

  Ports ports_;
  StepPolicy policy_;
};

/// What became of an outside party's report, with the order as it stands then.
struct ReportAnswer {
  ReportOutcome outcome = ReportOutcome::recorded;
  std::optional<OrderAggregate> aggregate;
};

/// Takes reports of steps that wait for an outside party. One per API loop.
class StepReports {
 public:
  struct Ports {
    OrderUpdates& updates;
    Clock& clock;
    const OrderWriter& writer;
    OrderFinisher& finisher;
  };
  StepReports(Ports ports, StepPolicy policy) : ports_(ports), policy_(policy) {}

  /// `not_found`: there is no such order.
  boost::asio::awaitable<Outcome<ReportAnswer>> report(OrderId order_id, StepName step,
                                                       StepReport report);

 private:
  Ports ports_;
  StepPolicy policy_;
};

}  // namespace holdfast::flows
