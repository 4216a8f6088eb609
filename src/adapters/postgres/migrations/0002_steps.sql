-- Steps beyond stock and points: orders that take their time, plans, and what others are told.

-- Both indexes hold only what is still to be done: an order with nothing due has no entry in them,
-- and changes as cheaply as before. Partial ones are no cheaper while something is due: a change of
-- next_check_at writes a new entry into every index of the row, whatever room its page has. So it
-- is one column with the earliest moment, written by changes that write the row anyway.
alter table orders
  add column next_check_at timestamptz,
  add column stock_released boolean not null default true,
  add column preempted_by uuid;

create index orders_by_next_check on orders (next_check_at) where next_check_at is not null;
create index orders_unreleased on orders (placed_at) where not stock_released;

-- Every version of every plan that orders were placed under: an order ends on the plan it began
-- with, whatever has become of the configuration.
create table plans (
  plan text collate "C" not null,
  version text collate "C" not null,
  steps jsonb not null,
  stored_at timestamptz not null default clock_timestamp(),
  primary key (plan, version)
);

-- What other systems are yet to be told. Written in the transaction that made it true, deleted once
-- it is published.
create table events (
  id uuid primary key,
  type text not null,
  body text not null,
  at timestamptz not null,
  seq bigint generated always as identity  -- the order of publishing
);

create unique index events_by_seq on events (seq);

-- What other systems are told when a SKU ran out, or is back: the row of `events` as a CloudEvent
-- (CloudEvents 1.0, JSON format). The session says from which source.
create function stock_event(of_sku text, on_hand bigint, moved_at timestamptz)
returns table (id uuid, type text, body text, at timestamptz)
language sql volatile rows 1 as $$
  select event.id, event.type,
         jsonb_build_object(
           'specversion', '1.0',
           'id', event.id,
           'source', current_setting('holdfast.event_source'),
           'type', event.type,
           'subject', of_sku,
           'time', to_char(moved_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
           'datacontenttype', 'application/json',
           'data', jsonb_build_object('sku', of_sku, 'on_hand', on_hand))::text,
         moved_at
  from (select gen_random_uuid() as id,
               case when on_hand = 0 then 'stock.sold_out' else 'stock.restocked' end as type
       ) as event
  -- Without a source there are no events.
  where current_setting('holdfast.event_source') <> ''
$$;
