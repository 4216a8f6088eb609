#pragma once

#include <array>
#include <string_view>

/// The tables of the embedded message bus, and every statement over them.
namespace holdfast::embedded::bus::sql {

/// A message's key is its queue's number and, in the low 40 bits, its place in the queue: the table
/// itself is in the order of delivery and needs no index. `loaded`: no message of a later place has
/// been in memory, so none can have been handed out. `length` counts the messages of the queue.
inline constexpr std::array<std::string_view, 1> kSteps{R"(
create table bus_queues (
  number integer primary key,
  name text not null unique,
  length integer not null default 0 check (length >= 0),
  last_seq integer not null default 0,
  loaded integer not null default 0
) strict;
insert into bus_queues (number, name) values (1, 'parked');
create table bus_messages (
  key integer primary key,
  id blob not null,
  attempts integer not null,
  deliveries integer not null,
  content_type text not null,
  headers blob not null,
  body blob not null
) strict;
create table bus_delayed (
  place integer primary key,
  available_at integer not null,
  queue integer not null,
  id blob not null,
  attempts integer not null,
  content_type text not null,
  headers blob not null,
  body blob not null
) strict;
create index bus_delayed_by_time on bus_delayed (available_at, place);
)"};

inline constexpr std::string_view kQueues =
    "select number, name, last_seq, loaded from bus_queues order by number";
inline constexpr std::string_view kCreateQueue =
    "insert into bus_queues (number, name) values (?1, ?2) on conflict do nothing";
inline constexpr std::string_view kExtendQueue = R"(
update bus_queues set length = length + ?2, last_seq = last_seq + ?2,
  loaded = iif(length + ?2 <= ?3, last_seq + ?2, loaded)
where number = ?1 returning length, last_seq, loaded)";
inline constexpr std::string_view kShrinkQueue =
    "update bus_queues set length = length - ?2 where number = ?1";
inline constexpr std::string_view kLength = "select length from bus_queues where number = ?1";
inline constexpr std::string_view kLastSeq = "select last_seq from bus_queues where number = ?1";
inline constexpr std::string_view kRaiseLoaded =
    "update bus_queues set loaded = ?2 where number = ?1 and loaded < ?2";
inline constexpr std::string_view kLowerLoaded =
    "update bus_queues set loaded = ?2 where number = ?1 and loaded > ?2";

inline constexpr std::string_view kInsert = R"(
insert into bus_messages (key, id, attempts, deliveries, content_type, headers, body)
values (?1, ?2, ?3, 0, ?4, ?5, ?6))";
inline constexpr std::string_view kFetch = R"(
select key, id, attempts, deliveries, headers, body from bus_messages
where key > ?1 and key <= ?2 order by key limit ?3)";
inline constexpr std::string_view kDelete = "delete from bus_messages where key between ?1 and ?2";
inline constexpr std::string_view kCountDelivery =
    "update bus_messages set deliveries = deliveries + 1 where key between ?1 and ?2";
inline constexpr std::string_view kPastLimit = R"(
select key from bus_messages where key between ?1 and ?2 and deliveries > ?3 order by key)";
inline constexpr std::string_view kHeaders = "select headers from bus_messages where key = ?1";
inline constexpr std::string_view kPark = R"(
insert into bus_messages (key, id, attempts, deliveries, content_type, headers, body)
select ?1, id, attempts, 0, content_type, ?3, body from bus_messages where key = ?2)";

inline constexpr std::string_view kDelay = R"(
insert into bus_delayed (available_at, queue, id, attempts, content_type, headers, body)
values (?1, ?2, ?3, ?4, ?5, ?6, ?7))";
inline constexpr std::string_view kNextDue = "select min(available_at) from bus_delayed";
inline constexpr std::string_view kDue = R"(
select place, queue from bus_delayed
where available_at <= ?1 order by available_at, place limit ?2)";
inline constexpr std::string_view kPromote = R"(
insert into bus_messages (key, id, attempts, deliveries, content_type, headers, body)
select ?1, id, attempts, 0, content_type, headers, body from bus_delayed where place = ?2)";
inline constexpr std::string_view kDropDelayed = "delete from bus_delayed where place = ?1";

}  // namespace holdfast::embedded::bus::sql
