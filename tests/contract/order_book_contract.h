#pragma once

#include "tests/contract/order_book_events_contract.h"
#include "tests/contract/order_book_ledger_contract.h"
#include "tests/contract/order_book_lists_contract.h"
#include "tests/contract/order_book_parked_contract.h"
#include "tests/contract/order_book_points_contract.h"
#include "tests/contract/order_book_settle_contract.h"
#include "tests/contract/order_book_steps_contract.h"
#include "tests/contract/order_book_stock_contract.h"
#include "tests/contract/order_book_update_contract.h"

// What every OrderBook must do, whatever it is made of. One adapter's test file says, in namespace
// holdfast::testing,
//
//   HOLDFAST_INSTANTIATE_ORDER_BOOK_CONTRACT(Postgres, PostgresBookFactory);
//
// where the factory is an OrderBookFactory that can be made without arguments.

#define HOLDFAST_INSTANTIATE_ORDER_BOOK_CONTRACT(name, factory)                             \
  std::unique_ptr<OrderBookFactory> make_##name() {                                         \
    return std::make_unique<factory>();                                                     \
  }                                                                                         \
  INSTANTIATE_TEST_SUITE_P(name, OrderBookSettleContract, ::testing::Values(&make_##name)); \
  INSTANTIATE_TEST_SUITE_P(name, OrderBookUpdateContract, ::testing::Values(&make_##name)); \
  INSTANTIATE_TEST_SUITE_P(name, OrderBookStockContract, ::testing::Values(&make_##name));  \
  INSTANTIATE_TEST_SUITE_P(name, OrderBookListsContract, ::testing::Values(&make_##name));  \
  INSTANTIATE_TEST_SUITE_P(name, OrderBookParkedContract, ::testing::Values(&make_##name)); \
  INSTANTIATE_TEST_SUITE_P(name, OrderBookLedgerContract, ::testing::Values(&make_##name)); \
  INSTANTIATE_TEST_SUITE_P(name, OrderBookStepsContract, ::testing::Values(&make_##name));  \
  INSTANTIATE_TEST_SUITE_P(name, OrderBookPointsContract, ::testing::Values(&make_##name)); \
  INSTANTIATE_TEST_SUITE_P(name, OrderBookEventsContract, ::testing::Values(&make_##name))
