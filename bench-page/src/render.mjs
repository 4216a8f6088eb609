// The page as text. Everything but the drawing of the plots is already in it, so that its numbers
// can be read, searched and printed where no script runs.

import { cpuBars } from './cpu.mjs';
import { html, jsonForScript, raw } from './html.mjs';
import { counted, format, isNumber } from './numbers.mjs';
import { plotSections } from './sections.mjs';
import { tileGroups } from './tiles.mjs';

function tile({ title, isHeadline, values, text }) {
  const value = ({ label, unit, number }, i) => html`
        <div class="${i === 0 ? 'value first' : 'value'}">
          ${label && html`<dt>${label}</dt>`}
          <dd><span class="number">${number}</span> <span class="unit">${unit}</span></dd>
        </div>`;
  return html`
      <article class="${isHeadline ? 'tile headline' : 'tile'}">
        <h3>${title}</h3>
        <dl class="${values.length > 2 ? 'many' : 'few'}">${values.map(value)}
        </dl>
        <p>${text}</p>
      </article>`;
}

function tileSection({ id, title, tiles }) {
  return html`
    <section id="${id}" aria-labelledby="${id}-title">
      <h2 id="${id}-title">${title}</h2>
      <div class="tiles">${tiles.map(tile)}
      </div>
    </section>`;
}

// Columns of numbers, the first one names the row.
function table(caption, head, rows) {
  const cells = ([name, ...others]) => html`
              <tr><th scope="row">${name}</th>${others.map((text) => html`<td>${text}</td>`)}</tr>`;
  return html`
        <details>
          <summary>The numbers</summary>
          <div class="scroll" tabindex="0" role="region" aria-label="Table: ${caption}">
            <table>
              <caption class="unseen">${caption}</caption>
              <thead><tr>${head.map((text) => html`<th scope="col">${text}</th>`)}</tr></thead>
              <tbody>${rows.map(cells)}
              </tbody>
            </table>
          </div>
        </details>`;
}

// No line ends between a number and its unit.
const unbroken = (text) => text.replace(/(\d) (?=(%|ms|µs|MiB)(?!\w))/g, '$1\u00a0');

const withUnit = (label, unit) => `${label} (${unit.trim()})`;

function swatch({ color, isDashed }) {
  return html`<svg class="swatch ${color}" width="18" height="10" aria-hidden="true">${
    html`<line x1="1" y1="5" x2="17" y2="5"${isDashed && raw(' stroke-dasharray="4 3"')}/>`}</svg>`;
}

// The place for the value under the cursor is as wide as the longest, so that nothing moves.
function legendItem(series, i, unit) {
  const width = 0.92 * (Math.max(...series.texts.map((text) => text.length)) + unit.length);
  return html`
          <li><button type="button" aria-pressed="true" data-series="${i}">${swatch(series)}
            <span>${series.label}</span></button>
            <span class="reading" style="min-width:${width.toFixed(1)}ch"
              aria-hidden="true"></span></li>`;
}

function plotFigure({ id, title, finding, x, y, series }) {
  const rows = x.texts.map((text, i) => [text, ...series.map(({ texts }) => texts[i])]);
  const names = series.map(({ label }) => label).join(', ');
  const spoken = `Plot of ${y.label} by ${x.label}: ${names}. ${finding ?? ''} ` +
    'Arrow keys read its values; the table below has all of them.';
  return html`
      <figure id="${id}" aria-labelledby="${id}-title">
        <figcaption>
          <h3 id="${id}-title">${title}</h3>
          ${finding && html`<p>${unbroken(finding)}</p>`}
        </figcaption>
        <div class="drawing">
          <ul class="legend" aria-label="Lines; press to hide or show">${
            series.map((each, i) => legendItem(each, i, y.unit))}
          </ul>
          <p class="axis-label" aria-hidden="true">↑ ${y.label}${
            y.isLog && ', on a logarithmic scale'}</p>
          <div class="plot" tabindex="0" role="application" aria-roledescription="plot"
               aria-label="${spoken}"></div>
          <p class="axis-label below" aria-hidden="true"><span class="position"></span> ${x.label}${
            x.isLog && ', on a logarithmic scale'} →</p>
          <p class="spoken unseen" aria-live="polite"></p>
        </div>
        ${table(title, [x.label, ...series.map(({ label }) => withUnit(label, y.unit))], rows)}
      </figure>`;
}

function plotSection({ id, title, plots }) {
  return html`
    <section id="${id}" aria-labelledby="${id}-title">
      <h2 id="${id}-title">${title}</h2>
      <div class="figures">${plots.map(plotFigure)}
      </div>
    </section>`;
}

function cpuBar({ title, text, parts }) {
  const part = ({ label, color, text: us, width }) => html`
            <span class="part ${color}" style="width:${width.toFixed(3)}%"
              title="${label}: ${us} µs"></span>`;
  const spoken = parts.map(({ label, text: us }) => `${label} ${us} µs`).join(', ');
  return html`
          <div class="bar">
            <p>${title}: <strong>${text} µs</strong></p>
            <div class="parts" role="img" aria-label="${title}: ${spoken}">${parts.map(part)}
            </div>
            <ul class="legend">${parts.map(({ label, color, text: us }) => html`
              <li><span class="key"><span class="box ${color}"></span> <span>${label}</span></span>
                <span class="reading">${us} µs</span></li>`)}
            </ul>
          </div>`;
}

function cpuSection({ finding, bars }) {
  const labels = [...new Set(bars.flatMap(({ parts }) => parts.map(({ label }) => label)))];
  const cell = (parts, label) => parts.find((part) => part.label === label)?.text ?? '–';
  const rows = labels.map((label) => [label, ...bars.map(({ parts }) => cell(parts, label))]);
  return html`
    <section id="cpu" aria-labelledby="cpu-title">
      <h2 id="cpu-title">CPU time for one order</h2>
      <figure aria-labelledby="cpu-figure-title">
        <figcaption>
          <h3 id="cpu-figure-title">Which process takes how much of it?</h3>
          ${finding && html`<p>${unbroken(finding)}</p>`}
        </figcaption>
        <div class="bars">${bars.map(cpuBar)}
        </div>
        ${table('Microseconds of CPU time per order, all cores together',
          ['process', ...bars.map(({ title }) => `${title} (µs)`)], rows)}
      </figure>
    </section>`;
}

const isText = (value) => typeof value === 'string' && value !== '';

function runOf(results) {
  const servers = ['redis', 'rabbitmq', 'postgres'];
  const processes = Object.keys(results.cpu_us_per_order ?? {});
  if (processes.length === 0) return null;
  return processes.some((name) => servers.includes(name))
    ? 'on Redis, RabbitMQ and PostgreSQL' : 'embedded, without servers';
}

function facts(results) {
  const machine = results.machine ?? {};
  const cores = isNumber(machine.cores) && counted(machine.cores, 'core', 'cores');
  const memory = isNumber(machine.memory_mib) && `${format(machine.memory_mib)} MiB of memory`;
  const load = isNumber(results.orders) && `${counted(results.orders, 'order', 'orders')}${
    isNumber(results.load_seconds) ? ` in ${format(results.load_seconds, 1)} s` : ''}`;
  const versions = Object.entries(results.versions ?? {}).filter(([, version]) => isText(version))
    .map(([program, version]) => `${program} ${version}`);
  return [
    ['When', isText(results.at) && results.at.replace('T', ' ').replace(/(\.\d+)?Z$/, ' UTC')],
    ['Machine', [machine.cpu, cores, memory, machine.kernel].filter(isText).join(' · ')],
    ['Full load', load],
    ['Versions', versions.join(' · ')],
  ].filter(([, text]) => isText(text));
}

function contents(sections) {
  return html`
    <nav aria-label="Sections"><ul>${sections.map(({ id, title }) => html`
      <li><a href="#${id}">${title}</a></li>`)}
    </ul></nav>`;
}

function header(results, sections) {
  const run = runOf(results);
  return html`
  <header>
    <h1>Holdfast: what was measured</h1>
    <p class="lead">One run of the benchmark on one machine${run && `, ${run}`}.</p>
    ${results.quick === true && html`<p class="notice">A quick run: it shows that the benchmark
      works. Its numbers are not to be compared.</p>`}
    <dl class="facts">${facts(results).map(([name, text]) => html`
      <div><dt>${name}</dt><dd>${text}</dd></div>`)}
    </dl>
    ${sections.length > 1 && contents(sections)}
  </header>`;
}

/** `assets`: {style, script, library, license}, as they are to stand in the page. */
export function renderPage(results, assets) {
  const groups = tileGroups(results);
  const cpu = cpuBars(results);
  const plots = plotSections(results);
  const sections = [
    ...groups.map((group) => ({ ...group, body: tileSection(group) })),
    ...(cpu ? [{ id: 'cpu', title: 'CPU time for one order', body: cpuSection(cpu) }] : []),
    ...plots.map((section) => ({ ...section, body: plotSection(section) })),
  ];
  const drawn = plots.flatMap((section) => section.plots);
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy"
      content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>Holdfast: what was measured</title>
<style>
${raw(assets.style)}
</style>
</head>
<body>
  <a class="skip" href="#main">To the numbers</a>
${header(results, sections)}
  <main id="main">${sections.map(({ body }) => body)}
    ${sections.length === 0 && html`<p class="notice">This run measured nothing.</p>`}
    ${drawn.length > 0 && html`<noscript><p class="notice">The plots are drawn by a script, which
      does not run here. Their numbers are in the tables.</p></noscript>`}
  </main>
  <footer><p>Everything on this page is in this one file; it loads nothing.</p></footer>
${drawn.length > 0 && html`
<script type="application/json" id="plots">${jsonForScript(drawn)}</script>
<script>
/*
${raw(assets.license)}
*/
${raw(assets.library)}
</script>
<script>
${raw(assets.script)}
</script>
`}</body>
</html>
`.toString();
}
