// The plots: which series of the results each is drawn from, and how it is to be read.

import * as findings from './findings.mjs';
import { format, isNumber } from './numbers.mjs';

// `unit` stands right behind a number: the space before it is part of it.
const RATE = { label: 'orders per second', unit: '/s', digits: 0 };
const WAIT = { label: 'milliseconds', unit: '\u00a0ms', digits: 2, mayBeLog: true };
const MEMORY = { label: 'MiB', unit: '\u00a0MiB', digits: 0, mayBeLog: true };

// One colour means one thing on the whole page (style.css: --c-NAME); dashes are for the second of
// two lines that belong together.
const COMPLETED = { key: 'completed_per_s', label: 'completed', color: 'blue' };

const SECTIONS = [
  {
    id: 'timeline',
    title: 'Second by second',
    rows: 'timeline',
    x: { key: 'second', label: 'second of the load' },
    plots: [{
      id: 'timeline-rate',
      title: 'Does the book keep up with what is accepted?',
      finding: findings.backlog,
      y: RATE,
      series: [
        { key: 'accepted', label: 'accepted', color: 'orange' },
        { key: 'completed', label: 'completed', color: 'blue' },
      ],
    }],
  },
  {
    id: 'sync-vs-async',
    title: 'Answered at once, or when all is done',
    rows: 'sync_vs_async',
    x: { key: 'steps', label: 'steps of the order’s plan' },
    plots: [
      {
        id: 'steps-wait',
        title: 'What the buyer waits as steps are added',
        finding: findings.waitBySteps,
        y: WAIT,
        series: [
          { key: 'async_p50_ms', label: 'at once, p50', color: 'blue' },
          { key: 'async_p99_ms', label: 'at once, p99', color: 'blue', isDashed: true },
          { key: 'sync_p50_ms', label: 'when done, p50', color: 'orange' },
          { key: 'sync_p99_ms', label: 'when done, p99', color: 'orange', isDashed: true },
        ],
      },
      {
        id: 'steps-rate',
        title: 'How many orders as steps are added',
        finding: findings.rateBySteps,
        y: RATE,
        series: [
          { key: 'async_per_s', label: 'at once', color: 'blue' },
          { key: 'sync_per_s', label: 'when done', color: 'orange' },
        ],
      },
    ],
  },
  {
    id: 'overload',
    title: 'More orders than can be done',
    rows: 'overload',
    x: { key: 'offered_percent', label: 'offered load, % of the full load' },
    plots: [
      {
        id: 'overload-rate',
        title: 'Is the work still done when too much is asked?',
        finding: findings.overloadRates,
        y: RATE,
        series: [
          { key: 'offered_per_s', label: 'offered', color: 'gray', isDashed: true },
          { key: 'accepted_per_s', label: 'accepted', color: 'orange' },
          COMPLETED,
          { key: 'refused_per_s', label: 'refused', color: 'red' },
        ],
      },
      {
        id: 'overload-wait',
        title: 'Do answers stay quick when too much is asked?',
        finding: findings.overloadWait,
        y: WAIT,
        series: [
          { key: 'p50_ms', label: 'p50', color: 'blue' },
          { key: 'p99_ms', label: 'p99', color: 'blue', isDashed: true },
        ],
      },
    ],
  },
  {
    id: 'growth',
    title: 'As the book grows',
    rows: 'growth',
    x: { key: 'orders_in_book', label: 'orders in the book' },
    plots: [
      {
        id: 'growth-rate',
        title: 'Does a full book slow it down?',
        finding: findings.growthRate,
        y: RATE,
        series: [COMPLETED],
      },
      {
        id: 'growth-memory',
        title: 'Whose memory grows with the book?',
        finding: findings.growthMemory,
        y: MEMORY,
        series: [
          { key: 'holdfast_mib', label: 'Holdfast', color: 'blue' },
          { key: 'redis_mib', label: 'Redis', color: 'red' },
          { key: 'postgres_mib', label: 'PostgreSQL', color: 'green' },
        ],
      },
    ],
  },
  {
    id: 'skus',
    title: 'A few goods, or many',
    rows: 'skus',
    x: { key: 'skus', label: 'SKUs that are bought', mayBeLog: true },
    plots: [{
      id: 'skus-rate',
      title: 'Does it slow down when all buy the same?',
      finding: findings.rateBySkus,
      y: RATE,
      series: [COMPLETED],
    }],
  },
];

// From here on equal steps of the axis are equal factors: the small values would lie on one line.
const LOG_FROM_FACTOR = 50;

function isBetterLog(values) {
  const numbers = values.filter(isNumber);
  const least = Math.min(...numbers);
  return least > 0 && Math.max(...numbers) / least >= LOG_FROM_FACTOR;
}

const numberOrNull = (value) => (isNumber(value) ? value : null);

function seriesOf(series, rows, digits) {
  const values = rows.map((row) => numberOrNull(row[series.key]));
  return {
    key: series.key,
    label: series.label,
    color: series.color,
    isDashed: series.isDashed === true,
    values,
    texts: values.map((value) => format(value, digits)),
  };
}

function axisOf(axis, values) {
  return {
    label: axis.label,
    isLog: axis.mayBeLog === true && isBetterLog(values),
  };
}

function plotOf(plot, x, rows) {
  const series = plot.series
    .map((each) => seriesOf(each, rows, plot.y.digits))
    .filter(({ values }) => values.some(isNumber));
  const xValues = rows.map((row) => row[x.key]);
  return {
    id: plot.id,
    title: plot.title,
    finding: plot.finding(rows),
    x: { ...axisOf(x, xValues), values: xValues, texts: xValues.map((value) => format(value)) },
    y: { ...axisOf(plot.y, series.flatMap(({ values }) => values)), unit: plot.y.unit },
    series,
  };
}

// In the order of the axis, and each place on it once.
function rowsOf(rows, key) {
  if (!Array.isArray(rows)) return [];
  const byX = new Map();
  for (const row of rows) if (isNumber(row?.[key])) byX.set(row[key], row);
  return [...byX.values()].sort((a, b) => a[key] - b[key]);
}

/**
 * [{id, title, plots: [{id, title, finding, x, y, series}]}], each series with its values and how
 * they are written; without what has no numbers.
 */
export function plotSections(results) {
  return SECTIONS
    .map(({ id, title, rows: name, x, plots }) => {
      const rows = rowsOf(results[name], x.key);
      const drawn = rows.length === 0 ? [] : plots.map((plot) => plotOf(plot, x, rows));
      return { id, title, plots: drawn.filter(({ series }) => series.length > 0) };
    })
    .filter(({ plots }) => plots.length > 0);
}
