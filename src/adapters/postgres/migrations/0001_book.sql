-- The book: the durable record of orders, refunds, stock and points.
--
-- Texts that are compared or sorted are collated "C": byte order is the same on every server (the
-- order of locking depends on it) and several times cheaper than a language's order.

-- One row is the whole order, lines and steps included: an order changes as one thing, and one row
-- version costs far less than a row per line and step. What may change without touching an index
-- (steps, lines, amounts) stays on its page, for which the fill factor keeps room.
create table orders (
  order_id uuid primary key,
  reservation_id uuid not null,
  fingerprint bytea not null,
  user_id text collate "C" not null,
  currency text not null,
  lines jsonb not null,
  plan text not null,
  plan_version text not null,
  attributes jsonb,
  amount bigint not null,
  refunded_amount bigint not null default 0,
  status text collate "C" not null,
  reason text,
  failed_step text,
  steps jsonb not null,
  points_earned bigint not null default 0,
  placed_at timestamptz not null,
  completed_at timestamptz,
  constraint orders_amount_not_negative check (amount >= 0),
  constraint orders_refunds_within_amount
    check (refunded_amount >= 0 and refunded_amount <= amount),
  constraint orders_status_known check (status in
    ('processing', 'completed', 'partially_refunded', 'refunded', 'cancelling', 'cancelled')),
  constraint orders_reason_iff_cancelled
    check ((reason is not null) = (status in ('cancelling', 'cancelled')))
) with (fillfactor = 85);

-- Lists are newest first; both are read backwards.
create index orders_by_user on orders (user_id, placed_at, order_id);
create index orders_by_time on orders (placed_at, order_id);
-- Nearly all orders are completed: they cost no entry here, and a list of them reads by time.
create index orders_by_status on orders (status, placed_at, order_id) where status <> 'completed';

-- No foreign key to orders: a refund may be here before its order is.
create table refunds (
  refund_id uuid primary key,
  order_id uuid not null,
  fingerprint bytea not null,
  status text collate "C" not null,
  amount bigint not null,
  lines jsonb not null,
  whole boolean not null,
  when_incomplete text not null,
  reason text,
  error text,
  checks bigint not null,
  next_check_at timestamptz,
  steps jsonb not null,
  stock_released boolean not null,
  requested_at timestamptz not null,
  refunded_at timestamptz,
  constraint refunds_amount_not_negative check (amount >= 0),
  constraint refunds_status_known check (status in
    ('waiting', 'reversing', 'refunded', 'void', 'needs_attention', 'failed')),
  constraint refunds_policy_known check (when_incomplete in ('wait', 'preempt'))
) with (fillfactor = 85);

-- Both orders of a list of one order's refunds, so that no plan reads all refunds by time for it.
create index refunds_by_order on refunds (order_id, requested_at, refund_id);
create index refunds_by_time on refunds (requested_at, refund_id);
-- Each of these holds only what is still to be done, so its size does not grow with the book.
create index refunds_by_next_check on refunds (next_check_at) where next_check_at is not null;
create index refunds_unreleased on refunds (refunded_at) where not stock_released;
create index refunds_by_status on refunds (status, requested_at, refund_id)
  where status <> 'refunded';

-- A hot SKU's row is written once per settlement: half of each page is kept free so that its new
-- versions stay there and cost no index entry.
create table stock (
  sku text collate "C" primary key,
  loaded bigint not null default 0,
  sold bigint not null default 0,
  returned bigint not null default 0,
  purchase_limit bigint,
  limit_pending_since timestamptz,  -- when the limit was set, until the ledger has it
  constraint stock_never_negative check (loaded - sold + returned >= 0),
  constraint stock_sold_not_negative check (sold >= 0),
  constraint stock_returned_within_sold check (returned >= 0 and returned <= sold),
  constraint stock_limit_positive check (purchase_limit >= 0)
) with (fillfactor = 50);

create index stock_limit_pending on stock (limit_pending_since)
  where limit_pending_since is not null;

-- Ids only tell rows of one moment apart and may have gaps: each connection takes some at a time.
create sequence journal_id cache 64;

-- Every movement of stock, kept for ever. The one index does three things: a SKU's journal, newest
-- first; the orders of a SKU, newest first (rows of kind `order` carry the time at which their
-- order was placed); and whether a given order has a given SKU. A cause is the order or refund
-- (cause_id), or the adjustment (cause_name).
create table stock_journal (
  sku text collate "C" not null,
  at timestamptz not null,
  id bigint not null default nextval('journal_id'),
  kind text collate "C" not null,
  cause_id uuid,
  cause_name text,
  delta bigint not null,
  loaded bigint not null default 0,
  sold bigint not null default 0,
  returned bigint not null default 0,
  primary key (sku, at, id)
);

-- A shop's changes of stock. What was asked for is kept to recognise a repeat.
create table stock_changes (
  change_id text collate "C" primary key,
  kind text not null,
  sku text collate "C" not null,
  asked_delta bigint,
  asked_on_hand bigint,
  delta bigint not null,
  reason text,
  state text collate "C" not null,
  at timestamptz not null,
  constraint stock_changes_state_known check (state in ('pending', 'applied', 'refused')),
  constraint stock_changes_asked_once check ((asked_delta is null) <> (asked_on_hand is null))
);

create index stock_changes_pending on stock_changes (sku, at) where state = 'pending';

-- May be negative: points are spent before a refund takes them back.
create table points (
  user_id text collate "C" primary key,
  balance bigint not null
) with (fillfactor = 70);

create table points_journal (
  user_id text collate "C" not null,
  at timestamptz not null,
  id bigint not null default nextval('journal_id'),
  kind text collate "C" not null,
  cause_id uuid,
  cause_name text,
  delta bigint not null,
  primary key (user_id, at, id)
);

-- Messages that used up their attempts. One per subject: what is parked again is the same trouble.
create table parked (
  id uuid primary key,
  queue text collate "C" not null,
  reason text collate "C" not null,
  subject text collate "C" not null unique,
  order_id uuid,
  refund_id uuid,
  step text,
  attempts bigint not null,
  first_at timestamptz not null,
  last_at timestamptz not null,
  detail text not null,
  body bytea not null,
  claimed_until timestamptz
);

create index parked_by_time on parked (first_at, id);
create index parked_by_order on parked (order_id) where order_id is not null;

create table audit (
  id bigint generated always as identity primary key,
  actor text not null,
  action text not null,
  detail text not null,
  at timestamptz not null
);

-- The generation of the ledger that may be settled. At most one row.
create table ledger_state (
  only_row boolean primary key default true check (only_row),
  generation text not null
);

-- The highest outbox id that settlements of this generation have seen; it is the highest of these
-- rows. Each server process has its own, so that settlements do not wait for one another.
-- Every settlement writes here: an exclusive lock of the table waits for all of them.
create table ledger_high_water (
  slot integer primary key,
  ms bigint not null,
  seq bigint not null
) with (fillfactor = 10);

-- Fails the statement that calls it as a constraint would. It returns a uuid only to stand in a
-- column of ids.
create function refuse(what text) returns uuid language plpgsql as $$
begin
  raise exception using errcode = 'foreign_key_violation', message = what;
end
$$;
