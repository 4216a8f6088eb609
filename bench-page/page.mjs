#!/usr/bin/env node
// Makes one HTML file with plots of what a run of the benchmark wrote down.
//
//   npm ci                               once: the library that draws
//   node page.mjs RESULTS.json PAGE.html
//
// The page needs nothing beside itself: it opens from disk, without a network.
// Exit codes: 0 made, 1 it could not be made, 2 wrong use.

import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { readAssets } from './src/assets.mjs';
import { renderPage } from './src/render.mjs';

function readResults(file) {
  const results = JSON.parse(readFileSync(file, 'utf8'));
  if (typeof results !== 'object' || results === null || Array.isArray(results)) {
    throw new Error('no JSON object');
  }
  return results;
}

// The whole file or nothing.
function write(file, text) {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.new`, text);
  renameSync(`${file}.new`, file);
}

function main([from, to, ...more]) {
  if (!from || !to || more.length > 0) {
    console.error('usage: node page.mjs RESULTS.json PAGE.html');
    return 2;
  }
  try {
    write(to, renderPage(readResults(from), readAssets()));
    return 0;
  } catch (error) {
    console.error(`${to} cannot be made from ${from}: ${error.message}`);
    return 1;
  }
}

process.exitCode = main(process.argv.slice(2));
