-- Every version of every plan.
-- Returns plan, version, steps.
select plan, version, steps from plans order by plan, version;
