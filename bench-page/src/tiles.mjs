// The headline numbers: what each is called, its unit, and one sentence on what it means.

import { format, isNumber } from './numbers.mjs';

const PER_SECOND = 'orders/s';

// A tile has one or several numbers; a number that was not measured is left out, and so is a tile
// without numbers. `text` may depend on the results.
const GROUPS = [
  {
    id: 'orders',
    title: 'Orders',
    tiles: [
      {
        title: 'Completed orders',
        isHeadline: true,
        values: [{ key: 'completed_per_s', unit: PER_SECOND }],
        text: 'The headline: accepted, taken through every step and written into the book, ' +
          'counted until the last of them was done.',
      },
      {
        title: 'Accepted orders',
        values: [{ key: 'accepted_per_s', unit: PER_SECOND }],
        text: 'Answered “accepted” while clients ordered as fast as they got their answers.',
      },
      {
        title: 'Answer at half load',
        values: [
          { key: 'p50_ms_at_half', label: 'p50', unit: 'ms', digits: 2 },
          { key: 'p95_ms_at_half', label: 'p95', unit: 'ms', digits: 2 },
          { key: 'p99_ms_at_half', label: 'p99', unit: 'ms', digits: 2 },
        ],
        text: ({ half_load_per_s: rate }) =>
          `How long 50, 95 and 99 of 100 buyers wait for their answer at most, while ${
            isNumber(rate) ? `${format(rate)} orders come a second` : 'orders come at half the rate'
          }.`,
      },
      {
        title: 'Answer at full load',
        values: [{ key: 'p99_ms_at_top', label: 'p99', unit: 'ms', digits: 2 }],
        text: 'The same for 99 of 100 buyers, while clients order as fast as they get answers.',
      },
    ],
  },
  {
    id: 'refunds',
    title: 'Refunds, sold-out answers, memory',
    tiles: [
      {
        title: 'Refunds',
        values: [{ key: 'refunds_per_s', unit: 'refunds/s' }],
        text: 'Full refunds of completed orders, asked for and carried through to the end.',
      },
      {
        title: 'Early refunds',
        values: [{ key: 'early_refunds_per_s', unit: 'refunds/s' }],
        text: 'Refunds asked for before their order is complete, carried through to the end.',
      },
      {
        title: 'Sold-out answers',
        values: [{ key: 'sold_out_per_s', unit: 'answers/s' }],
        text: 'Orders of what is gone, told so: the rush after the last unit is sold.',
      },
      {
        title: 'Memory of Holdfast',
        values: [
          { key: 'rss_mib', label: 'at most', unit: 'MiB', digits: 1 },
          { key: 'rss_end_mib', label: 'at the end', unit: 'MiB', digits: 1 },
        ],
        text: 'What its process held in RAM, the servers not counted.',
      },
    ],
  },
  {
    id: 'beside',
    title: 'Beside what the machine can do at all',
    tiles: [
      {
        title: 'The servers’ limit',
        values: [
          { key: 'limit_per_s', unit: PER_SECOND },
          { key: 'ratio_to_limit', label: 'completed', unit: '× the limit', digits: 2 },
        ],
        text: 'What the servers could do with the same scripts, messages and SQL if all cores ' +
          'were theirs and nothing else ran.',
      },
      {
        title: 'nginx',
        values: [
          { key: 'nginx_per_s', unit: 'answers/s' },
          { key: 'sold_out_ratio_to_nginx', label: 'sold out', unit: '× nginx', digits: 2 },
        ],
        text: 'A fixed answer from nginx under the same load, beside the sold-out answers.',
      },
      {
        title: 'pgbench',
        values: [
          { key: 'pgbench_one_order_per_transaction_per_s', unit: PER_SECOND },
          { key: 'ratio_to_pgbench', label: 'completed', unit: '× pgbench', digits: 2 },
        ],
        text: 'The common way: one order in each transaction, straight into PostgreSQL.',
      },
    ],
  },
];

function tileOf(tile, results) {
  const values = tile.values
    .filter(({ key }) => isNumber(results[key]))
    .map(({ key, label, unit, digits }) => ({
      key, label, unit, number: format(results[key], digits),
    }));
  const text = typeof tile.text === 'function' ? tile.text(results) : tile.text;
  return { title: tile.title, isHeadline: tile.isHeadline === true, values, text };
}

/** [{id, title, tiles: [{title, isHeadline, text, values: [{key, label, unit, number}]}]}] */
export function tileGroups(results) {
  return GROUPS
    .map(({ id, title, tiles }) => ({
      id, title,
      tiles: tiles.map((tile) => tileOf(tile, results)).filter(({ values }) => values.length > 0),
    }))
    .filter(({ tiles }) => tiles.length > 0);
}
