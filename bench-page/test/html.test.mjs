import assert from 'node:assert/strict';
import { test } from 'node:test';
import { html, jsonForScript, raw } from '../src/html.mjs';

test('what is inserted is text, never markup', () => {
  assert.equal(html`<p title="${'"x\''}">${'<b>&'}</p>`.toString(),
    '<p title="&quot;x&#39;">&lt;b&gt;&amp;</p>');
});

test('what is markup already is inserted as it is, and lists piece by piece', () => {
  const items = ['<', '>'].map((text) => html`<li>${text}</li>`);
  assert.equal(html`<ul>${items}</ul>${raw('<hr>')}`.toString(),
    '<ul><li>&lt;</li><li>&gt;</li></ul><hr>');
});

test('nothing is inserted for null, undefined and false, but 0 is', () => {
  assert.equal(html`${null}${undefined}${false}${0}`.toString(), '0');
});

test('JSON in a script element cannot end it, and reads back the same', () => {
  const value = { name: '</script><!-- <script>', list: [1, null, '\u2028'] };
  const text = jsonForScript(value).toString();
  assert.ok(!text.includes('<'));
  assert.deepEqual(JSON.parse(text), value);
});
