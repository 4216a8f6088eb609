#pragma once

#include <string>
#include <string_view>

namespace holdfast::redis {

/// The names of the ledger's keys. All carry one hash tag, so that they live on one shard of a
/// Redis Cluster and one script may touch any of them. Immutable.
struct Keys {
  explicit Keys(std::string_view prefix)
      : base("{" + std::string(prefix) + ":0}:"),
        generation(base + "generation"),
        rebuilding(base + "rebuilding"),
        available(base + "available"),
        reserved(base + "reserved"),
        limit(base + "limit"),
        limit_version(base + "limit_version"),
        outbox(base + "outbox"),
        unsettled(base + "unsettled"),
        bought(base + "bought:"),
        journal(base + "journal:"),
        applied(base + "applied:") {}

  std::string base;
  std::string generation;     ///< string; missing: closed
  std::string rebuilding;     ///< string: the generation being written, while it is
  std::string available;      ///< hash sku -> units that can be sold
  std::string reserved;       ///< hash sku -> units of unsettled reservations
  std::string limit;          ///< hash sku -> purchase limit, or `busy` while it is rebuilt
  std::string limit_version;  ///< hash sku -> version of the attempt at a limit that began last
  std::string outbox;         ///< stream; field `o` is the payload
  std::string unsettled;      ///< sorted set order id -> ms of its reservation
  std::string bought;         ///< prefix of hashes user -> units, of SKUs with a limit
  std::string journal;        ///< prefix of strings, see journal_entry.h
  std::string applied;        ///< prefix of strings that mark change ids
};

}  // namespace holdfast::redis
