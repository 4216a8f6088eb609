#pragma once

#include <array>
#include <string_view>

// Every statement of the embedded ledger. Instants are Unix milliseconds; `now` is the clock's.
namespace holdfast::embedded::ledger::sql {

// The one row of ledger_state counts what a scan would have to. A journal entry is settled exactly
// when it has an `expires_at`. A stock row without `available` is of a SKU the ledger does not
// sell: it only has units reserved, or a limit. Users are counted in ledger_bought only for SKUs
// that have a limit, or are about to get one (limit_changing); limit_version is of the attempt at a
// limit that began last.
inline constexpr std::string_view kTables = R"(
create table ledger_state (
  id integer primary key check (id = 1),
  generation text,
  last_outbox_id integer not null default 0,
  outbox_length integer not null default 0 check (outbox_length >= 0),
  unsettled integer not null default 0 check (unsettled >= 0)
) strict;
insert into ledger_state (id) values (1);

create table ledger_stock (
  sku text primary key,
  available integer,
  reserved integer not null default 0,
  purchase_limit integer,
  limit_changing integer not null default 0
) strict, without rowid;

create table ledger_bought (
  sku text not null,
  user_id text not null,
  units integer not null,
  primary key (sku, user_id)
) strict, without rowid;

create table ledger_journal (
  id integer primary key,
  order_id blob not null unique,
  reservation_id blob not null,
  fingerprint text not null,
  reserved_at integer not null,
  expires_at integer,
  payload text not null
) strict;
create index ledger_journal_unsettled on ledger_journal (reserved_at) where expires_at is null;
create index ledger_journal_expiring on ledger_journal (expires_at) where expires_at is not null;

create table ledger_outbox (
  id integer primary key,
  payload text not null
) strict;

create table ledger_applied (
  change_id text primary key,
  expires_at integer not null
) strict, without rowid;
create index ledger_applied_expiring on ledger_applied (expires_at);
)";

inline constexpr std::string_view kLimitVersion =
    "alter table ledger_stock add column limit_version integer not null default 0";

inline constexpr std::array kSchema{kTables, kLimitVersion};

// --- state ---------------------------------------------------------------------------------------

inline constexpr std::string_view kGeneration = "select generation from ledger_state";
inline constexpr std::string_view kOpen = "update ledger_state set generation = ?1";
inline constexpr std::string_view kClose = "update ledger_state set generation = null";
inline constexpr std::string_view kState = R"(
select generation, last_outbox_id, outbox_length, unsettled,
       (select min(id) from ledger_outbox),
       (select min(reserved_at) from ledger_journal where expires_at is null)
  from ledger_state)";

// --- reserve -------------------------------------------------------------------------------------

/// ?1 the order, ?2 the generation the caller knows: all that is asked before stock is looked at.
inline constexpr std::string_view kReserveHead = R"(
select coalesce(s.generation = ?2, 0), s.last_outbox_id, s.outbox_length,
       j.reservation_id, j.fingerprint, j.expires_at, j.payload
  from ledger_state s left join ledger_journal j on j.order_id = ?1)";
inline constexpr std::string_view kStockOfLine =
    "select available, purchase_limit, limit_changing from ledger_stock where sku = ?1";
inline constexpr std::string_view kUnitsBought =
    "select units from ledger_bought where sku = ?1 and user_id = ?2";
/// Only where one look is enough: there is that much, and no limit to be asked.
inline constexpr std::string_view kTakeAtOnce = R"(
update ledger_stock set available = available - ?2, reserved = reserved + ?2
 where sku = ?1 and available >= ?2 and purchase_limit is null and limit_changing = 0)";
inline constexpr std::string_view kTake = R"(
update ledger_stock set available = available - ?2, reserved = reserved + ?2 where sku = ?1)";
inline constexpr std::string_view kPutBack = R"(
update ledger_stock set available = available + ?2, reserved = reserved - ?2 where sku = ?1)";
inline constexpr std::string_view kCountBought = R"(
insert into ledger_bought (sku, user_id, units) values (?1, ?2, ?3)
on conflict (sku, user_id) do update set units = units + excluded.units)";
inline constexpr std::string_view kWriteReservation = R"(
insert into ledger_journal (order_id, reservation_id, fingerprint, reserved_at, payload)
values (?1, ?2, ?3, ?4, ?5))";
inline constexpr std::string_view kAppendOutbox =
    "insert into ledger_outbox (id, payload) values (?1, ?2)";
inline constexpr std::string_view kCountAppended = R"(
update ledger_state
   set last_outbox_id = ?1, outbox_length = outbox_length + 1, unsettled = unsettled + 1)";
inline constexpr std::string_view kCountReserved =
    "update ledger_state set unsettled = unsettled + 1";

// --- journal -------------------------------------------------------------------------------------

/// ?1 the order, ?2 now.
inline constexpr std::string_view kFindJournal = R"(
select order_id, reservation_id, fingerprint, expires_at is not null, payload
  from ledger_journal where order_id = ?1 and (expires_at is null or expires_at > ?2))";
inline constexpr std::string_view kReadUnsettled = R"(
select order_id, reservation_id, fingerprint, expires_at is not null, payload
  from ledger_journal where expires_at is null and reserved_at <= ?1
 order by reserved_at, id limit ?2)";
/// ?1 order, ?2 reservation, ?3 when it expires.
inline constexpr std::string_view kSettleReservation = R"(
update ledger_journal set expires_at = ?3
 where order_id = ?1 and reservation_id = ?2 and expires_at is null)";
inline constexpr std::string_view kLeaveReserved =
    "update ledger_stock set reserved = reserved - ?2 where sku = ?1";
inline constexpr std::string_view kCountSettled =
    "update ledger_state set unsettled = unsettled - ?1";
inline constexpr std::string_view kDeleteJournal = "delete from ledger_journal where order_id = ?1";
/// ?1 now, ?2 how many at most.
inline constexpr std::string_view kDeleteExpiredJournal = R"(
delete from ledger_journal where id in (
  select id from ledger_journal where expires_at <= ?1 order by expires_at limit ?2))";

// --- outbox --------------------------------------------------------------------------------------

/// ?1 after, exclusive; ?2 the last, inclusive.
inline constexpr std::string_view kReadOutbox = R"(
select id, payload from ledger_outbox where id > ?1 and id <= ?2 order by id limit ?3)";
inline constexpr std::string_view kDeleteOutbox = "delete from ledger_outbox where id = ?1";
inline constexpr std::string_view kCountDeleted =
    "update ledger_state set outbox_length = outbox_length - ?1";

// --- changes -------------------------------------------------------------------------------------

inline constexpr std::string_view kLimitChanging =
    "select limit_changing from ledger_stock where sku = ?1";
inline constexpr std::string_view kAddAvailable = R"(
insert into ledger_stock (sku, available) values (?1, ?2)
on conflict (sku) do update set available = coalesce(available, 0) + excluded.available)";
inline constexpr std::string_view kAvailable = "select available from ledger_stock where sku = ?1";
inline constexpr std::string_view kLessBought = R"(
update ledger_bought set units = units - ?3 where sku = ?1 and user_id = ?2 and units > ?3)";
inline constexpr std::string_view kNoneBought =
    "delete from ledger_bought where sku = ?1 and user_id = ?2";

/// ?1 the change, ?2 now.
inline constexpr std::string_view kIsApplied =
    "select 1 from ledger_applied where change_id = ?1 and expires_at > ?2";
inline constexpr std::string_view kMarkApplied =
    "insert or replace into ledger_applied (change_id, expires_at) values (?1, ?2)";
inline constexpr std::string_view kForgetApplied =
    "delete from ledger_applied where change_id = ?1";
/// ?1 now, ?2 how many at most.
inline constexpr std::string_view kDeleteExpiredApplied = R"(
delete from ledger_applied where change_id in (
  select change_id from ledger_applied where expires_at <= ?1 order by expires_at limit ?2))";

inline constexpr std::string_view kLimitAttempt =
    "select limit_version, limit_changing from ledger_stock where sku = ?1";
inline constexpr std::string_view kBeginLimitChange = R"(
insert into ledger_stock (sku, limit_changing, limit_version) values (?1, 1, ?2)
on conflict (sku) do update
   set purchase_limit = null, limit_changing = 1, limit_version = excluded.limit_version)";
inline constexpr std::string_view kSetLimit =
    "update ledger_stock set purchase_limit = ?2, limit_changing = 0 where sku = ?1";
inline constexpr std::string_view kForgetBought = "delete from ledger_bought where sku = ?1";
inline constexpr std::string_view kSetBought =
    "insert or replace into ledger_bought (sku, user_id, units) values (?1, ?2, ?3)";

// --- levels --------------------------------------------------------------------------------------

inline constexpr std::string_view kLevel =
    "select sku, available, reserved, purchase_limit from ledger_stock where sku = ?1";
inline constexpr std::string_view kAllLevels = R"(
select sku, available, reserved, purchase_limit from ledger_stock
 where available is not null or reserved <> 0 or purchase_limit is not null or limit_changing = 1
 order by sku)";

// --- rebuild -------------------------------------------------------------------------------------

inline constexpr std::string_view kForgetUnsettled =
    "delete from ledger_journal where expires_at is null";
inline constexpr std::string_view kCountNoneUnsettled = "update ledger_state set unsettled = 0";
inline constexpr std::string_view kForgetStock = "delete from ledger_stock";
inline constexpr std::string_view kForgetAllBought = "delete from ledger_bought";
inline constexpr std::string_view kWriteStock = R"(
insert or replace into ledger_stock (sku, available, purchase_limit, limit_version)
values (?1, ?2, ?3, ?4))";
inline constexpr std::string_view kWriteSettled = R"(
insert or replace into ledger_journal
  (order_id, reservation_id, fingerprint, reserved_at, expires_at, payload)
values (?1, ?2, ?3, ?4, ?5, ?6))";

}  // namespace holdfast::embedded::ledger::sql
