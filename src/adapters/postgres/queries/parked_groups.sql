-- Parked messages counted.
-- Returns queue, reason, count, oldest_at; the oldest group last.
select queue, reason, count(*), min(first_at)
from parked
group by queue, reason
order by min(first_at) desc, queue, reason;
