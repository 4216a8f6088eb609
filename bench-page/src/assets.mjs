// What is built into the page: its style, its script, and the library that draws.

import { readFileSync } from 'node:fs';

const here = (path) => readFileSync(new URL(path, import.meta.url), 'utf8').trim();

/** Throws when the library is not installed (`npm ci` in the folder above). */
export function readAssets() {
  const library = (path) => here(`../node_modules/uplot/${path}`);
  const assets = {
    style: `${library('dist/uPlot.min.css')}\n${here('style.css')}`,
    script: here('plots.js'),
    library: library('dist/uPlot.iife.min.js'),
    license: library('LICENSE'),
  };
  for (const [name, text] of Object.entries(assets)) {
    // Either would end the element, or the comment, that the text is put into.
    if (/<\/(script|style)|<!--/i.test(text) || (name === 'license' && text.includes('*/'))) {
      throw new Error(`the ${name} cannot stand inside a page`);
    }
  }
  return assets;
}
