// Draws the plots of the page into their places. Runs in the browser; uPlot is there already.
(() => {
  'use strict';

  const POINTS_UP_TO = 40;     // more values than this are a line without points
  const TICK_EACH_UP_TO = 8;   // up to this many values, each has its own mark on the axis
  const MIN_TICK_GAP = 44;     // px between two such marks
  const PRINT_WIDTH = 640;     // px, within the margins of A4 and letter
  const ticks = new Intl.NumberFormat('en-US', { maximumFractionDigits: 6 });
  const root = document.documentElement;
  root.classList.add('has-script');

  const color = (name) => getComputedStyle(root).getPropertyValue(`--c-${name}`).trim();
  const font = () => `${0.75 * parseFloat(getComputedStyle(root).fontSize)}px system-ui, sans-serif`;
  const heightOf = (width) => Math.round(Math.min(300, Math.max(210, width * 0.5)));

  // Of marks that stand at measured values, those too near to the last one shown are left out.
  function apart(plot, values) {
    let end = -Infinity;
    return values.map((value) => {
      const at = plot.valToPos(value, 'x');
      if (at - end < MIN_TICK_GAP) return null;
      end = at;
      return value;
    });
  }

  const written = (plot, values) => values.map((value) => (value === null ? '' : ticks.format(value)));

  function xAxis({ values }) {
    const axis = { ...axisLook(), values: written, size: 30, space: 56 };
    if (values.length <= TICK_EACH_UP_TO) return { ...axis, splits: () => values, filter: apart };
    return { ...axis, incrs: [1, 2, 5].flatMap((n) => [0, 1, 2, 3, 4, 5, 6, 7, 8].map((e) => n * 10 ** e)) };
  }

  const widest = (plot, texts) =>
    (texts ?? []).reduce((most, text) => Math.max(most, text.length), 1) * 7.2 + 16;

  function axisLook() {
    return {
      font: font(),
      stroke: () => color('quiet'),
      grid: { stroke: () => color('grid'), width: 1 },
      ticks: { show: false },
    };
  }

  // From zero, so that a small difference does not look like a great one.
  function yRange(isLog) {
    return (plot, least, most) => {
      if (isLog) return least > 0 ? uPlot.rangeLog(least, most, 10, false) : [1, 10];
      return [0, most > 0 ? most * 1.08 : 1];
    };
  }

  function xRange(isLog) {
    return (plot, least, most) => {
      if (least === null) return [0, 1];
      if (isLog) return [least / 1.15, most * 1.15];
      const room = least === most ? 1 : (most - least) * 0.02;
      return [least - room, most + room];
    };
  }

  function optionsOf({ x, y, series }, width) {
    const isShort = x.values.length <= POINTS_UP_TO;
    return {
      width,
      height: heightOf(width),
      padding: [10, 18, 0, 0],
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { size: 9 } },
      scales: {
        x: { time: false, distr: x.isLog ? 3 : 1, range: xRange(x.isLog) },
        y: { distr: y.isLog ? 3 : 1, range: yRange(y.isLog) },
      },
      axes: [xAxis(x), { ...axisLook(), values: written, size: widest, space: 38 }],
      series: [{}, ...series.map((each) => ({
        label: each.label,
        stroke: () => color(each.color),
        width: 2,
        dash: each.isDashed ? [6, 5] : undefined,
        points: { show: isShort, size: 7, fill: () => color(each.isDashed ? 'card' : each.color) },
      }))],
    };
  }

  // The value under the cursor, beside each line's name and below the axis.
  function readout(figure, { x, y, series }) {
    const readings = [...figure.querySelectorAll('.legend .reading')];
    const position = figure.querySelector('.position');
    const spoken = figure.querySelector('.spoken');
    const valueOf = (each, i) => `${each.texts[i]} ${y.unit}`;
    return {
      show(i) {
        const isOn = i !== null && i !== undefined;
        readings.forEach((place, n) => { place.textContent = isOn ? valueOf(series[n], i) : ''; });
        position.textContent = isOn ? x.texts[i] : '';
      },
      speak(i) {
        const values = series.map((each) => `${each.label} ${valueOf(each, i)}`);
        spoken.textContent = `${x.label} ${x.texts[i]}: ${values.join(', ')}`;
      },
    };
  }

  function useKeys(place, plot, { x, series }, reading) {
    const last = x.values.length - 1;
    const moves = {
      ArrowRight: (i) => Math.min(last, i + 1),
      ArrowLeft: (i) => Math.max(0, i - 1),
      Home: () => 0,
      End: () => last,
    };
    let at = null;
    place.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') plot.setCursor({ left: -10, top: -10 });
      if (!(event.key in moves) || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      const from = at ?? (event.key === 'ArrowRight' ? -1 : last + 1);
      at = moves[event.key](from);
      plot.setCursor({ left: plot.valToPos(x.values[at], 'x'), top: 0 });
      reading.speak(at);
    });
    place.addEventListener('blur', () => {
      at = null;
      plot.setCursor({ left: -10, top: -10 });
    });
  }

  function useLegend(figure, plot) {
    for (const button of figure.querySelectorAll('.legend button')) {
      button.addEventListener('click', () => {
        const isShown = button.getAttribute('aria-pressed') !== 'true';
        button.setAttribute('aria-pressed', String(isShown));
        plot.setSeries(Number(button.dataset.series) + 1, { show: isShown });
      });
    }
  }

  function draw(spec) {
    const figure = document.getElementById(spec.id);
    const place = figure.querySelector('.plot');
    const reading = readout(figure, spec);
    const options = optionsOf(spec, place.clientWidth);
    options.hooks = { setCursor: [(plot) => reading.show(plot.cursor.idx)] };
    const data = [spec.x.values, ...spec.series.map(({ values }) => values)];
    const plot = new uPlot(options, data, place);
    useKeys(place, plot, spec, reading);
    useLegend(figure, plot);
    const fit = (width) => {
      if (width > 0 && width !== plot.width) plot.setSize({ width, height: heightOf(width) });
    };
    new ResizeObserver(() => fit(place.clientWidth)).observe(place);
    return { plot, place, fit };
  }

  const drawn = JSON.parse(document.getElementById('plots').textContent).map(draw);
  const redraw = () => drawn.forEach(({ plot }) => plot.redraw(false, true));
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw);

  // On paper: dark ink on white, no wider than the page, every table open.
  let opened = [];
  addEventListener('beforeprint', () => {
    root.classList.add('on-paper');
    opened = [...document.querySelectorAll('details:not([open])')];
    opened.forEach((details) => { details.open = true; });
    drawn.forEach(({ fit, place }) => fit(Math.min(place.clientWidth, PRINT_WIDTH)));
    redraw();
  });
  addEventListener('afterprint', () => {
    root.classList.remove('on-paper');
    opened.forEach((details) => { details.open = false; });
    drawn.forEach(({ fit, place }) => fit(place.clientWidth));
    redraw();
  });
})();
