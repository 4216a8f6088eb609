#include <gtest/gtest.h>

#include "tests/contract/redis_test_support.h"
#include "tests/contract/stock_ledger_contract.h"

// The contract on a real Redis (HOLDFAST_TEST_REDIS_URL), under keys of its own for each test.

namespace holdfast::testing {

HOLDFAST_INSTANTIATE_STOCK_LEDGER_CONTRACT(Redis, RedisLedgerFactory);

}  // namespace holdfast::testing
