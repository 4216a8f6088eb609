import assert from 'node:assert/strict';
import { test } from 'node:test';
import { counted, format, percent } from '../src/numbers.mjs';

test('numbers have commas between thousands and as many digits as are asked for', () => {
  assert.equal(format(1234567.4), '1,234,567');
  assert.equal(format(12.345, 2), '12.35');
  assert.equal(format(3, 1), '3.0');
  assert.equal(format(-1234, 0), '-1,234');
});

test('what is rounded to zero has no sign', () => {
  assert.equal(format(-0.001, 2), '0.00');
  assert.equal(format(-0.01, 2), '-0.01');
});

test('what is no finite number is a dash', () => {
  for (const value of [null, undefined, NaN, Infinity, '12', {}]) assert.equal(format(value), '–');
});

test('parts of a whole', () => {
  assert.equal(percent(1, 3), '33 %');
  assert.equal(percent(1, 0), '–');
  assert.equal(percent(null, 3), '–');
});

test('one is not many', () => {
  assert.equal(counted(1, 'step', 'steps'), '1 step');
  assert.equal(counted(1200, 'step', 'steps'), '1,200 steps');
});
