// How numbers are written on the page: the same in tiles, tables, sentences and under the cursor.

/** What the page says where there is no number. */
export const NOTHING = '–';

export function isNumber(value) {
  return typeof value === 'number' && Number.isFinite(value);
}

const formats = new Map();

/** `digits` after the point, commas between thousands; NOTHING for what is no finite number. */
export function format(value, digits = 0) {
  if (!isNumber(value)) return NOTHING;
  if (!formats.has(digits)) {
    formats.set(digits, new Intl.NumberFormat('en-US', {
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
    }));
  }
  // What is rounded to zero is no negative zero.
  return formats.get(digits).format(value).replace(/^-(?=[0.,]*$)/, '');
}

/** A part of a whole, in whole per cent: "48 %". */
export function percent(part, whole) {
  if (!isNumber(part) || !isNumber(whole) || whole === 0) return NOTHING;
  return `${format((100 * part) / whole)} %`;
}

/** "1 step", "3 steps". */
export function counted(count, one, many) {
  return `${format(count)} ${count === 1 ? one : many}`;
}
