#include "cli/move_report.h"

#include "cli/table.h"

namespace holdfast::cli {
namespace {

constexpr std::chrono::seconds kTellEvery{3};

}  // namespace

void MoveProgress::operator()(const flows::ArchiveSummary& so_far) {
  const auto now = std::chrono::steady_clock::now();
  if (now - told_ < kTellEvery) {
    return;
  }
  told_ = now;
  err_ << verb_ << ' ' << so_far.records() << " records, "
       << so_far.count(codec::ArchiveKind::order) << " orders so far\n"
       << std::flush;
}

void print_summary(std::ostream& out, const flows::ArchiveSummary& summary) {
  using codec::ArchiveKind;
  Table table({"carried", "count"});
  const auto add = [&table](const char* name, std::uint64_t count) {
    table.add({name, std::to_string(count)});
  };
  add("SKUs", summary.count(ArchiveKind::sku));
  add("stock movements", summary.count(ArchiveKind::stock_movement));
  add("orders", summary.count(ArchiveKind::order));
  add("orders accepted, not settled", summary.count(ArchiveKind::unsettled));
  add("refunds", summary.count(ArchiveKind::refund));
  add("points accounts", summary.points_accounts());
  add("parked messages", summary.count(ArchiveKind::parked));
  add("events not yet published", summary.count(ArchiveKind::event));
  add("plan versions", summary.count(ArchiveKind::plan));
  table.print(out);
}

}  // namespace holdfast::cli
