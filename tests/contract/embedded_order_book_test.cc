#include <gtest/gtest.h>

#include "tests/contract/embedded_book_factory.h"
#include "tests/contract/order_book_contract.h"

// The contract on SQLite in memory: the loop that calls writes, as in a simulation, or a thread of
// its own does, as when several loops share the book.

namespace holdfast::testing {

HOLDFAST_INSTANTIATE_ORDER_BOOK_CONTRACT(Embedded, EmbeddedBookFactory);
HOLDFAST_INSTANTIATE_ORDER_BOOK_CONTRACT(EmbeddedThread, EmbeddedThreadBookFactory);

}  // namespace holdfast::testing
