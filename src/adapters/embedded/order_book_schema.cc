#include <array>
#include <string_view>

#include "adapters/embedded/order_book.h"

namespace holdfast::embedded {
namespace {

// One row is the whole order, lines and steps included (see decisions/001). Ids are 16 bytes, times
// Unix milliseconds. A partial index holds only what is still to be done, so its size does not grow
// with the book. Movements have the order's or refund's id as their cause, or the change's name.
// A movement of points has the balance after it: the user's last row is how the account stands, and
// one place is written per user and not two.
constexpr std::string_view kTables = R"(
create table book_orders (
  order_id blob primary key not null,
  reservation_id blob not null,
  fingerprint blob not null,
  user_id text not null,
  currency text not null,
  lines text not null,
  plan text not null,
  plan_version text not null,
  attributes text,
  amount integer not null check (amount >= 0),
  refunded_amount integer not null check (refunded_amount >= 0 and refunded_amount <= amount),
  status text not null check (status in
    ('processing', 'completed', 'partially_refunded', 'refunded', 'cancelling', 'cancelled')),
  reason text check ((reason is not null) = (status in ('cancelling', 'cancelled'))),
  failed_step text,
  steps text not null,
  points_earned integer not null,
  placed_at integer not null,
  completed_at integer,
  next_check_at integer,
  stock_released integer not null,
  preempted_by blob
) strict;
create index book_orders_by_user on book_orders (user_id, placed_at, order_id);
create index book_orders_by_time on book_orders (placed_at, order_id);
create index book_orders_by_status on book_orders (status, placed_at, order_id)
  where status <> 'completed';
create index book_orders_by_next_check on book_orders (next_check_at)
  where next_check_at is not null;
create index book_orders_unreleased on book_orders (placed_at) where stock_released = 0;

create table book_refunds (
  refund_id blob primary key not null,
  order_id blob not null,
  fingerprint blob not null,
  status text not null check (status in
    ('waiting', 'reversing', 'refunded', 'void', 'needs_attention', 'failed')),
  amount integer not null check (amount >= 0),
  lines text not null,
  whole integer not null,
  when_incomplete text not null check (when_incomplete in ('wait', 'preempt')),
  reason text,
  error text,
  checks integer not null,
  next_check_at integer,
  steps text not null,
  stock_released integer not null,
  requested_at integer not null,
  refunded_at integer
) strict;
create index book_refunds_by_order on book_refunds (order_id, requested_at, refund_id);
create index book_refunds_by_time on book_refunds (requested_at, refund_id);
create index book_refunds_by_status on book_refunds (status, requested_at, refund_id)
  where status <> 'refunded';
create index book_refunds_by_next_check on book_refunds (next_check_at)
  where next_check_at is not null;
create index book_refunds_unreleased on book_refunds (refunded_at) where stock_released = 0;

create table book_stock (
  sku text primary key not null,
  loaded integer not null default 0,
  sold integer not null default 0 check (sold >= 0),
  returned integer not null default 0 check (returned >= 0 and returned <= sold),
  purchase_limit integer check (purchase_limit >= 0),
  limit_pending_since integer,
  check (loaded - sold + returned >= 0)
) strict, without rowid;
create index book_stock_limit_pending on book_stock (limit_pending_since)
  where limit_pending_since is not null;

create table book_stock_journal (
  id integer primary key,
  sku text not null,
  at integer not null,
  kind text not null,
  cause any not null,
  delta integer not null,
  loaded integer not null,
  sold integer not null,
  returned integer not null
) strict;
create index book_stock_journal_by_sku on book_stock_journal (sku, at);

create table book_stock_changes (
  change_id text primary key not null,
  kind text not null,
  sku text not null,
  asked_delta integer check ((asked_delta is null) <> (asked_on_hand is null)),
  asked_on_hand integer,
  delta integer not null,
  reason text,
  state text not null check (state in ('pending', 'applied', 'refused')),
  at integer not null
) strict, without rowid;
create index book_stock_changes_pending on book_stock_changes (sku, at) where state = 'pending';

create table book_points (
  user_id text not null,
  seq integer not null,
  at integer not null,
  kind text not null,
  cause any not null,
  delta integer not null,
  balance integer not null,
  primary key (user_id, seq)
) strict, without rowid;

create table book_parked (
  id blob primary key not null,
  queue text not null,
  reason text not null,
  subject text not null unique,
  order_id blob,
  refund_id blob,
  step text,
  attempts integer not null,
  first_at integer not null,
  last_at integer not null,
  detail text not null,
  body blob not null,
  claimed_until integer
) strict;
create index book_parked_by_time on book_parked (first_at, id);
create index book_parked_by_order on book_parked (order_id) where order_id is not null;

create table book_events (
  seq integer primary key,
  id blob not null unique,
  type text not null,
  body text not null,
  at integer not null
) strict;

create table book_plans (
  plan text not null,
  version text not null,
  steps text not null,
  primary key (plan, version)
) strict, without rowid;

create table book_audit (
  id integer primary key,
  actor text not null,
  action text not null,
  detail text not null,
  at integer not null
) strict;

create table book_ledger (
  only_row integer primary key check (only_row = 1),
  generation text not null,
  ms integer,
  seq integer
) strict;
)";

/// Counts the attempts to give the ledger a purchase limit.
constexpr std::string_view kLimitVersion =
    "alter table book_stock add column limit_version integer not null default 0";

constexpr std::array kSteps{kTables, kLimitVersion};

}  // namespace

void prepare_book(sqlite::Session& session) {
  sqlite::migrate(session, "book", kSteps);
}

}  // namespace holdfast::embedded
