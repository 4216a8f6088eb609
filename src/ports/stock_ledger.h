#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "domain/ids.h"
#include "domain/money.h"
#include "ports/errors.h"

namespace holdfast {

/// Units of one SKU, as the ledger counts them.
struct StockUnits {
  Sku sku;
  Quantity quantity;

  bool operator==(const StockUnits&) const = default;
};

/// One attempt to take stock for an order.
struct ReserveRequest {
  std::string generation;  ///< the generation the caller knows; another one means closed
  OrderId order_id;
  ReservationId reservation_id;
  std::string fingerprint;  ///< 64 hex digits
  UserId user_id;
  std::vector<StockUnits> lines;  ///< one SKU once
  std::string payload;            ///< the order as JSON; kept in the journal and in the outbox
  Instant at;
  std::int64_t outbox_max = 0;  ///< refuse when the outbox already holds this many entries
  /// False when an order that is already in the queue takes its stock anew after the ledger lost
  /// it: no outbox entry is written, limits and `outbox_max` are not asked.
  bool append_to_outbox = true;
};

/// In order of precedence: the first that holds is the answer.
enum class ReserveOutcome {
  closed,    ///< no generation token, or another one: sells nothing
  replayed,  ///< the journal has this order with the same fingerprint
  conflict,  ///< the journal has this order with another fingerprint
  outbox_full,
  busy,  ///< a SKU's purchase limit is being rebuilt; again in a moment
  unknown_sku,
  out_of_stock,
  limit_exceeded,
  reserved,
};

struct Shortage {
  Sku sku;
  Quantity requested;
  Quantity available;
};

struct LimitBreach {
  Sku sku;
  Quantity limit;
  Quantity bought;
};

/// What the ledger keeps of a reservation.
struct JournalEntry {
  OrderId order_id;
  ReservationId reservation_id;
  std::string fingerprint;
  bool settled = false;
  std::string payload;  ///< empty when the entry was restored from the book
};

struct ReserveResult {
  ReserveOutcome outcome = ReserveOutcome::closed;
  std::string outbox_id;                ///< of `reserved` with append_to_outbox
  std::optional<JournalEntry> journal;  ///< of `replayed` and `conflict`
  std::vector<Shortage> shortages;      ///< of `out_of_stock`: all short lines
  std::vector<Sku> unknown_skus;        ///< of `unknown_sku`: all of them
  std::optional<LimitBreach> limit;     ///< of `limit_exceeded`: the first
};

struct OutboxEntry {
  std::string outbox_id;  ///< a stream id, `<ms>-<n>`
  std::string payload;
};

/// Says that a reservation is in the book. Marking twice, or without an entry, changes nothing.
struct SettleMark {
  OrderId order_id;
  ReservationId reservation_id;
  std::vector<StockUnits> lines;
  Milliseconds retention{};  ///< time the entry lives on to answer repeats
};

/// Units that come back on sale: a refund's or a cancelled order's (`reservation` unset), or those
/// of a reservation that will never be settled (`reservation` set).
struct GiveBack {
  /// The ledger's generation when the caller did not yet know that they are to come back. One that
  /// was computed since may hold them already, and answers `closed`.
  std::string generation;
  ChangeId change_id;  ///< applied at most once under this id
  UserId user_id;
  std::vector<StockUnits> to_available;  ///< added to what can be sold
  /// Subtracted from what the user has bought, of limited SKUs. Of a reservation: all its units,
  /// those that are kept off sale too.
  std::vector<StockUnits> to_limit;
  struct Unsettled {
    OrderId order_id;
    ReservationId reservation_id;
    Milliseconds retention{};
  };
  /// Its units, `to_limit`, leave `reserved`, and its entry is marked settled.
  std::optional<Unsettled> reservation;
};

/// A shop's own change of a SKU's units. Creates the SKU where it is missing.
struct Adjustment {
  std::string generation;  ///< as of a GiveBack
  ChangeId change_id;
  Sku sku;
  /// May be negative; refused, for good, when `available` would fall below zero.
  std::int64_t delta = 0;
};

/// One attempt to give a SKU its purchase limit. The book counts them per SKU, so that of two the
/// later is known; one that is carried out late, after another has begun, changes nothing.
struct LimitAttempt {
  Sku sku;
  std::int64_t version = 0;

  bool operator==(const LimitAttempt&) const = default;
};

enum class ChangeOutcome { closed, busy, already_applied, refused, applied };

struct SkuLevel {
  Sku sku;
  std::optional<std::int64_t> available;  ///< unset: the ledger does not know this SKU
  std::int64_t reserved = 0;              ///< units of reservations not yet settled
  std::optional<std::int64_t> purchase_limit;
};

struct LedgerState {
  /// Names the store from its start to its end: one that was started again, and may have come back
  /// without its last writes, has another name. Empty: this store loses nothing when it restarts.
  std::string incarnation;
  std::optional<std::string> generation;
  std::string last_outbox_id;  ///< the stream's last-generated-id; "0-0" when it is new
  std::int64_t outbox_length = 0;
  std::optional<Instant> oldest_outbox_at;
  std::int64_t unsettled = 0;
  std::optional<Instant> oldest_unsettled_at;
};

struct UnitsBought {
  UserId user_id;
  Quantity units;
};

struct RebuiltSku {
  Sku sku;
  std::int64_t available = 0;
  std::optional<std::int64_t> purchase_limit;
  std::vector<UnitsBought> bought;  ///< for SKUs with a limit
  std::int64_t limit_version = 0;   ///< of the attempt that the limit is of
};

/// A ledger computed from the book. Written whole; the generation token is the last write.
struct RebuiltLedger {
  std::string generation;
  std::vector<RebuiltSku> skus;
  std::vector<ChangeId> applied;      ///< changes whose effect `skus` already contains
  std::vector<ChangeId> not_applied;  ///< changes still to come, to be forgotten if marked
  std::vector<JournalEntry> journal;  ///< recent settled orders, without payload
  Milliseconds journal_retention{};
};

/// Stock that can be sold, the journal of reservations and the outbox, in one store with atomic,
/// idempotent operations. Belongs to one loop: all calls and completions are on its thread.
/// A call made while not connected fails at once with Effect::none; a connection lost under a
/// call, or a deadline passed, fails it with Effect::unknown. Nothing is retried inside.
class StockLedger {
 public:
  virtual ~StockLedger() = default;

  virtual boost::asio::awaitable<PortResult<ReserveResult>> reserve(ReserveRequest request) = 0;
  virtual boost::asio::awaitable<PortResult<std::optional<JournalEntry>>> find_journal(
      OrderId order_id) = 0;

  /// Entries oldest first, after `after` (exclusive; "" from the start), not younger than
  /// `not_after`.
  virtual boost::asio::awaitable<PortResult<std::vector<OutboxEntry>>> read_outbox(
      std::string after, Instant not_after, std::size_t limit) = 0;
  virtual boost::asio::awaitable<PortResult<void>> delete_outbox(
      std::vector<std::string> outbox_ids) = 0;

  virtual boost::asio::awaitable<PortResult<void>> settle(std::vector<SettleMark> marks) = 0;
  /// Unsettled entries reserved not later than `not_after`, oldest first.
  virtual boost::asio::awaitable<PortResult<std::vector<JournalEntry>>> read_unsettled(
      Instant not_after, std::size_t limit) = 0;

  virtual boost::asio::awaitable<PortResult<ChangeOutcome>> give_back(GiveBack change) = 0;
  virtual boost::asio::awaitable<PortResult<ChangeOutcome>> adjust(Adjustment change) = 0;

  /// Makes a SKU answer `busy` to reservations and give-backs until `set_limit` ends that.
  /// `already_applied`: this attempt's limit is set; `refused`: a later attempt has begun.
  virtual boost::asio::awaitable<PortResult<ChangeOutcome>> begin_limit_change(
      LimitAttempt attempt) = 0;
  /// Replaces limit and counts of a SKU and ends `busy`. Unset: no limit, counts forgotten.
  /// `already_applied`: this attempt's limit is set; `refused`: another attempt has begun since, or
  /// this one never did.
  virtual boost::asio::awaitable<PortResult<ChangeOutcome>> set_limit(
      LimitAttempt attempt, std::optional<std::int64_t> limit, std::vector<UnitsBought> bought) = 0;
  /// Of `changes`, those that are marked applied.
  virtual boost::asio::awaitable<PortResult<std::vector<ChangeId>>> find_applied(
      std::vector<ChangeId> changes) = 0;

  virtual boost::asio::awaitable<PortResult<std::vector<SkuLevel>>> levels(
      std::vector<Sku> skus) = 0;
  virtual boost::asio::awaitable<PortResult<std::vector<SkuLevel>>> all_levels() = 0;
  virtual boost::asio::awaitable<PortResult<LedgerState>> state() = 0;

  /// Deletes the generation token: from here on every reservation answers `closed`.
  virtual boost::asio::awaitable<PortResult<void>> close() = 0;
  /// Precondition: closed. Forgets stock, limits, unsettled entries; writes the new ledger.
  virtual boost::asio::awaitable<PortResult<void>> rebuild(RebuiltLedger ledger) = 0;

  [[nodiscard]] virtual bool connected() const = 0;
  /// `listener(true)` after each (re)connect, `listener(false)` when a connection is lost, before
  /// any later call can reach the new one. At most one listener.
  virtual void on_connection(std::function<void(bool connected)> listener) = 0;
};

/// Order of two stream ids of the form `<ms>-<n>`; "" and malformed ones sort first.
bool outbox_id_less(std::string_view a, std::string_view b);

}  // namespace holdfast
