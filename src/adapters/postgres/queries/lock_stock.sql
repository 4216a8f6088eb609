-- Locks a SKU and reads what may still be taken from it: the book's units less what changes begun
-- and not finished will take. Two steps: under the lock the second sees what was committed before.
-- $1 text: sku
-- Returns its on_hand.
select loaded - sold + returned from stock where sku = $1::text for no key update;
