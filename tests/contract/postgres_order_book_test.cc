#include <gtest/gtest.h>

#include "tests/contract/order_book_contract.h"
#include "tests/contract/postgres_server.h"

// The contract on a real PostgreSQL (HOLDFAST_TEST_POSTGRES_URL), in a database of its own.

namespace holdfast::testing {

HOLDFAST_INSTANTIATE_ORDER_BOOK_CONTRACT(Postgres, PostgresBookFactory);

}  // namespace holdfast::testing
