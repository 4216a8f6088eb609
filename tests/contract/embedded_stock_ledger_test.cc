#include <gtest/gtest.h>

#include "tests/contract/embedded_ledger_factory.h"
#include "tests/contract/stock_ledger_contract.h"

// The contract on an embedded database, written by the caller's loop and by a thread of its own.

namespace holdfast::testing {

HOLDFAST_INSTANTIATE_STOCK_LEDGER_CONTRACT(EmbeddedOnLoop, EmbeddedLedgerOnLoop);
HOLDFAST_INSTANTIATE_STOCK_LEDGER_CONTRACT(EmbeddedOnThread, EmbeddedLedgerOnThread);

}  // namespace holdfast::testing
