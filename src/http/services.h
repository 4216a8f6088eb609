#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/json/object.hpp>
#include <string>
#include <vector>

#include "flows/admission.h"
#include "flows/failure.h"
#include "flows/parked_desk.h"
#include "flows/queries.h"
#include "flows/reconciliation.h"
#include "flows/refunds.h"
#include "flows/step_answers.h"
#include "flows/stock_desk.h"
#include "ports/clock.h"

namespace holdfast::http {

struct Readiness {
  std::string name;  ///< "redis", "rabbitmq", "postgres", "ledger"
  bool ready = false;
  std::string detail;
};

/// What concerns the process rather than one flow: the wiring implements it.
class Operations {
 public:
  virtual ~Operations() = default;
  virtual boost::asio::awaitable<flows::Outcome<bool>> pause_worker() = 0;
  virtual boost::asio::awaitable<flows::Outcome<bool>> resume_worker() = 0;
  /// Starts a rebuild of the ledger from the book (reconcile --repair) and waits for its end.
  virtual boost::asio::awaitable<flows::Outcome<flows::ReconciliationReport>> repair(
      std::string actor) = 0;
  virtual boost::asio::awaitable<std::vector<Readiness>> readiness() = 0;
  virtual boost::asio::awaitable<boost::json::object> status() = 0;
  virtual std::string metrics() = 0;
  /// Counts an answered request towards metrics and status. `route` is the template, as
  /// `/v1/orders/{order_id}`.
  virtual void answered(const std::string& method, const std::string& route, int status,
                        std::chrono::microseconds took) = 0;
};

/// Everything the resources call. One per API loop; all on its thread.
struct Services {
  flows::Admission& admission;
  flows::Queries& queries;
  flows::Refunds& refunds;
  flows::StepReports& reports;
  flows::StockDesk& stock;
  flows::ParkedDesk& parked;
  flows::Reconciliation& reconciliation;
  Operations& operations;
  Clock& clock;
  Ids& ids;
};

}  // namespace holdfast::http
