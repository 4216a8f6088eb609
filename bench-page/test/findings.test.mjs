import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as findings from '../src/findings.mjs';

test('the backlog is what was accepted and not completed, summed up', () => {
  const rows = [
    { second: 1, accepted: 100, completed: 60 },
    { second: 2, accepted: 1100, completed: 90 },
    { second: 3, accepted: 0, completed: 1050 },
  ];
  assert.equal(findings.backlog(rows),
    'At most 1,050 accepted orders were waiting to be completed: at the end of second 2.');
  assert.equal(findings.backlog([{ second: 1, accepted: 5, completed: 5 }]),
    'At the end of every second all accepted orders were complete.');
});

test('what overload leaves of the rate', () => {
  const rows = [
    { offered_percent: 100, offered_per_s: 1000, completed_per_s: 1000, refused_per_s: 0 },
    { offered_percent: 200, offered_per_s: 2000, completed_per_s: 950, refused_per_s: 1000 },
  ];
  assert.equal(findings.overloadRates(rows),
    'At 200 % load 50 % of the requests are refused, and 95 % of the best rate is still completed.');
});

test('a rate on one SKU and on an empty book', () => {
  assert.equal(
    findings.rateBySkus([{ skus: 1, completed_per_s: 80 }, { skus: 1000, completed_per_s: 100 }]),
    'When all buy one SKU, 80 % of the rate with 1,000 SKUs.');
  assert.equal(findings.growthRate([
    { orders_in_book: 0, completed_per_s: 100 }, { orders_in_book: 5000, completed_per_s: 99 },
  ]), 'With 5,000 orders in the book, 99 % of the rate with an empty book.');
});

test('nothing is said where a number is missing or there is nothing to compare with', () => {
  const says = {
    backlog: [{ second: 1, accepted: null, completed: 3 }],
    waitBySteps: [{ steps: 1, async_p50_ms: 2 }],
    rateBySteps: [{ steps: 1, sync_per_s: 2 }],
    overloadRates: [{ offered_percent: 100, completed_per_s: 2 }],
    overloadWait: [{ offered_percent: 100, p99_ms: 2 }],
    growthRate: [{ orders_in_book: 0, completed_per_s: 2 }],
    growthMemory: [{ orders_in_book: 0, holdfast_mib: 2 }],
    rateBySkus: [{ skus: 1, completed_per_s: 2 }],
  };
  for (const [name, rows] of Object.entries(says)) assert.equal(findings[name](rows), null, name);
  assert.deepEqual(Object.keys(says).sort(), Object.keys(findings).sort());
});
