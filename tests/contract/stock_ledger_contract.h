#pragma once

#include "tests/contract/stock_ledger_changes_contract.h"
#include "tests/contract/stock_ledger_model_contract.h"
#include "tests/contract/stock_ledger_reserve_contract.h"

// What every StockLedger must do, whatever it is made of. An adapter's test says in namespace
// holdfast::testing
//
//   HOLDFAST_INSTANTIATE_STOCK_LEDGER_CONTRACT(Redis, RedisLedgerFactory);
//
// where the factory is a StockLedgerFactory that can be made without arguments.

#define HOLDFAST_INSTANTIATE_STOCK_LEDGER_CONTRACT(name, factory)            \
  INSTANTIATE_TYPED_TEST_SUITE_P(name, StockLedgerReserveContract, factory); \
  INSTANTIATE_TYPED_TEST_SUITE_P(name, StockLedgerChangesContract, factory); \
  INSTANTIATE_TYPED_TEST_SUITE_P(name, StockLedgerModelContract, factory)
