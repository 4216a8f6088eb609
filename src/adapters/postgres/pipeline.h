#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "adapters/postgres/encoding.h"
#include "adapters/postgres/result.h"

namespace holdfast::postgres {

/// A statement. With a name it is prepared once per connection; without one (the SQL was put
/// together for this call) it is parsed and planned each time.
struct Statement {
  std::string_view name;
  std::string sql;
};

/// Statements sent together and answered together: one round trip. Each `end_transaction` is a
/// Sync of the protocol: what stands before it commits there, as one transaction, unless an
/// earlier pipeline of the connection began an explicit one.
class Pipeline {
 public:
  struct Item {
    const Statement* statement = nullptr;  ///< null: a Sync
    Parameters parameters;
    bool writes = false;  ///< of a Sync: a lost connection leaves the effect unknown
  };

  void add(const Statement& statement, Parameters parameters = {}) {
    items_.push_back({&statement, std::move(parameters), false});
  }
  /// `writes`: something before it takes effect here.
  void end_transaction(bool writes) { items_.push_back({nullptr, {}, writes}); }

  [[nodiscard]] const std::vector<Item>& items() const { return items_; }

 private:
  std::vector<Item> items_;
};

/// One per statement, in the order added.
using Results = std::vector<Result>;

}  // namespace holdfast::postgres
