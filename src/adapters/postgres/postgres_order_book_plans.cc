#include "adapters/postgres/postgres_order_book.h"
#include "adapters/postgres/rows.h"
#include "adapters/postgres/session.h"

namespace holdfast {

namespace statements = postgres::statements;
using postgres::Column;
using postgres::Deadline;
using postgres::Parameters;

namespace {

Parameters plan_parameters(const std::vector<Plan>& plans) {
  Column<PlanName> name;
  Column<std::string> version;
  Column<postgres::Json> steps;
  for (const auto& plan : plans) {
    name.push(plan.name);
    version.push(plan.version);
    steps.push(postgres::json_of(plan.steps));
  }
  Parameters parameters;
  parameters.add(name).add(version).add(steps);
  return parameters;
}

std::vector<Plan> read_plans(const postgres::Result& result) {
  return postgres::read_all<Plan>(result, postgres::read_plan);
}

}  // namespace

PostgresOrderBook::Answer<void> PostgresOrderBook::store_plans(std::vector<Plan> plans) {
  return Session::perform<void>(
      session_, [plans = std::move(plans)](Session& session, Deadline deadline) {
        return session.write(statements::store_plans, plan_parameters(plans), deadline);
      });
}

PostgresOrderBook::Answer<std::vector<Plan>> PostgresOrderBook::stored_plans() {
  return Session::perform<std::vector<Plan>>(session_, [](Session& session, Deadline deadline) {
    return session.ask(statements::stored_plans, {}, deadline, read_plans);
  });
}

}  // namespace holdfast
