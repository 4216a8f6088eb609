// What a plot shows, in a sentence made from its numbers; null where they do not say.

import { counted, format, isNumber, percent } from './numbers.mjs';

const first = (rows) => rows[0];
const last = (rows) => rows[rows.length - 1];
const haveAll = (keys, ...rows) => rows.every((row) => keys.every((key) => isNumber(row[key])));

/** How many accepted orders were waiting for their completion at most, at the end of a second. */
export function backlog(rows) {
  if (!haveAll(['second', 'accepted', 'completed'], ...rows)) return null;
  let waiting = 0;
  let most = { orders: 0, second: first(rows).second };
  for (const { second, accepted, completed } of rows) {
    waiting += accepted - completed;
    if (waiting > most.orders) most = { orders: waiting, second };
  }
  if (most.orders === 0) return 'At the end of every second all accepted orders were complete.';
  return `At most ${counted(most.orders, 'accepted order was', 'accepted orders were')} waiting ` +
    `to be completed: at the end of second ${format(most.second)}.`;
}

export function waitBySteps(rows) {
  const row = last(rows);
  if (!haveAll(['steps', 'async_p50_ms', 'sync_p50_ms'], row)) return null;
  return `With ${counted(row.steps, 'step', 'steps')} half of the buyers have their answer ` +
    `within ${format(row.async_p50_ms, 2)} ms when it comes at once, and within ` +
    `${format(row.sync_p50_ms, 2)} ms when it comes after the last step.`;
}

export function rateBySteps(rows) {
  const row = last(rows);
  if (!haveAll(['steps', 'async_per_s', 'sync_per_s'], row)) return null;
  return `With ${counted(row.steps, 'step', 'steps')}: ${format(row.async_per_s)} orders/s ` +
    `answered at once, ${format(row.sync_per_s)} orders/s answered after the last step.`;
}

export function overloadRates(rows) {
  const row = last(rows);
  if (!haveAll(['offered_percent', 'offered_per_s', 'completed_per_s', 'refused_per_s'], row)) {
    return null;
  }
  const best = Math.max(...rows.map((each) => each.completed_per_s).filter(isNumber));
  return `At ${format(row.offered_percent)} % load ` +
    `${percent(row.refused_per_s, row.offered_per_s)} of the requests are refused, and ` +
    `${percent(row.completed_per_s, best)} of the best rate is still completed.`;
}

export function overloadWait(rows) {
  const [from, to] = [first(rows), last(rows)];
  if (rows.length < 2 || !haveAll(['offered_percent', 'p99_ms'], from, to)) return null;
  return `99 of 100 answers come within ${format(from.p99_ms, 2)} ms at ` +
    `${format(from.offered_percent)} % load, and within ${format(to.p99_ms, 2)} ms at ` +
    `${format(to.offered_percent)} %.`;
}

export function growthRate(rows) {
  const [from, to] = [first(rows), last(rows)];
  if (rows.length < 2 || !haveAll(['orders_in_book', 'completed_per_s'], from, to)) return null;
  const before = from.orders_in_book === 0 ? 'an empty book' : `${format(from.orders_in_book)}`;
  return `With ${format(to.orders_in_book)} orders in the book, ` +
    `${percent(to.completed_per_s, from.completed_per_s)} of the rate with ${before}.`;
}

export function growthMemory(rows) {
  const [from, to] = [first(rows), last(rows)];
  if (rows.length < 2 || !haveAll(['orders_in_book', 'holdfast_mib'], from, to)) return null;
  return `Holdfast’s own memory goes from ${format(from.holdfast_mib)} MiB to ` +
    `${format(to.holdfast_mib)} MiB.`;
}

export function rateBySkus(rows) {
  const [from, to] = [first(rows), last(rows)];
  if (rows.length < 2 || !haveAll(['skus', 'completed_per_s'], from, to)) return null;
  return `When all buy ${from.skus === 1 ? 'one SKU' : `the same ${format(from.skus)} SKUs`}, ` +
    `${percent(from.completed_per_s, to.completed_per_s)} of the rate with ` +
    `${format(to.skus)} SKUs.`;
}
