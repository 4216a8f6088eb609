import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cpuBars } from '../src/cpu.mjs';
import { renderPage } from '../src/render.mjs';
import { plotSections } from '../src/sections.mjs';
import { tileGroups } from '../src/tiles.mjs';

const NO_ASSETS = { style: '', script: '', library: '', license: '' };
const keysOf = (results) => tileGroups(results)
  .flatMap(({ tiles }) => tiles.flatMap(({ values }) => values.map(({ key }) => key)));

test('a tile shows what there is and is left out without it', () => {
  assert.deepEqual(keysOf({ completed_per_s: 1, p95_ms_at_half: 2, limit_per_s: null }),
    ['completed_per_s', 'p95_ms_at_half']);
  assert.deepEqual(keysOf({}), []);
});

test('a plot is left out without rows, a line without numbers', () => {
  assert.deepEqual(plotSections({ timeline: [], skus: null, growth: 'none', overload: [{}, null] }),
    []);
  const [section] = plotSections({
    growth: [{ orders_in_book: 0, holdfast_mib: 9, redis_mib: null }],
  });
  assert.deepEqual(section.plots.map(({ id }) => id), ['growth-memory']);
  assert.deepEqual(section.plots[0].series.map(({ key }) => key), ['holdfast_mib']);
});

test('rows are in the order of the axis, and what is missing in one is a gap', () => {
  const [{ plots: [plot] }] = plotSections({
    timeline: [{ second: 2, completed: 7 }, { second: 1, accepted: 1200, completed: 5 }],
  });
  assert.deepEqual(plot.x.values, [1, 2]);
  assert.deepEqual(plot.series.map(({ key, values, texts }) => [key, values, texts]), [
    ['accepted', [1200, null], ['1,200', '–']],
    ['completed', [5, 7], ['5', '7']],
  ]);
});

test('times of very different size are drawn on a logarithmic scale, unless one is zero', () => {
  const isLog = (p50) => plotSections({
    overload: [{ offered_percent: 50, p50_ms: p50 }, { offered_percent: 300, p50_ms: 100 }],
  })[0].plots[0].y.isLog;
  assert.equal(isLog(1), true);
  assert.equal(isLog(50), false);
  assert.equal(isLog(0), false);
});

test('the bars of CPU time have one scale, and a process that is new is shown', () => {
  const { bars, finding } = cpuBars({
    cpu_us_per_order: { holdfast: 25, redis: 50, proxy: 25 },
    limit_cpu_us_per_order: { redis: 40 },
  });
  assert.deepEqual(bars.map(({ parts }) => parts.map(({ label, width }) => [label, width])), [
    [['Holdfast', 25], ['Redis', 50], ['proxy', 25]],
    [['Redis', 40]],
  ]);
  assert.equal(finding, 'Holdfast itself takes 25.0 µs of 100.0 µs, 25 %. ' +
    'The servers take 50.0 µs under Holdfast and 40.0 µs when each is driven alone.');
  assert.equal(cpuBars({ cpu_us_per_order: {}, limit_cpu_us_per_order: null }), null);
});

test('a page of nothing says so and has no script', () => {
  const page = renderPage({}, NO_ASSETS);
  assert.match(page, /measured nothing/);
  assert.doesNotMatch(page, /<script|<section/);
});

test('names that were measured are text', () => {
  const page = renderPage({ machine: { cpu: '<img src=x>' }, cpu_us_per_order: { '<b>': 1 } },
    NO_ASSETS);
  assert.doesNotMatch(page, /<img|<b>/);
  assert.match(page, /&lt;img src=x&gt;/);
});
