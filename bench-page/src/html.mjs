// Text put into HTML, so that nothing that was measured, and no name in it, can become markup.

const ENTITIES = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

export function escapeHtml(value) {
  return String(value).replace(/[&<>"']/g, (character) => ENTITIES[character]);
}

/** HTML that is already right, and is put into other HTML as it is. */
class Markup {
  constructor(text) { this.text = text; }
  toString() { return this.text; }
}

export function raw(text) {
  return new Markup(text);
}

function insert(value) {
  if (value === null || value === undefined || value === false) return '';
  if (Array.isArray(value)) return value.map(insert).join('');
  return value instanceof Markup ? value.text : escapeHtml(value);
}

/** html`<p>${anything}</p>`: what is inserted is escaped unless it came from html`` or raw(). */
export function html(strings, ...values) {
  return new Markup(strings.reduce((text, part, i) => text + insert(values[i - 1]) + part));
}

/**
 * JSON for a <script> element, whose text ends at "</script" wherever that stands, and is read
 * otherwise after "<!--": without "<" neither can be in it.
 */
export function jsonForScript(value) {
  return raw(JSON.stringify(value).replace(/</g, '\\u003c'));
}
