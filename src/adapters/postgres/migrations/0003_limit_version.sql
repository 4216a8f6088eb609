-- Counts the attempts to give the ledger a purchase limit, so that one that is carried out late is
-- known for one that was overtaken.
alter table stock add column limit_version bigint not null default 0;
