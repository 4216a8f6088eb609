// Draws the plots of the page into their places. Runs in the browser; uPlot is there already.
(() => {
  'use strict';

  const POINTS_UP_TO = 40;     // more values than this are a line without points
  const TICK_EACH_UP_TO = 8;   // up to this many values, each has its own mark on the axis
  const TICK_GAP = 10;         // px between the names of two such marks
  const PRINT_WIDTH = 640;     // px, within the margins of A4 and letter
  const PRINT_HEIGHT = 230;    // px: two figures with their tables on a page
  const FEW_MARKS = 8;         // more on a logarithmic axis, and only powers of ten are marked
  const PRINT_ROWS = 60;       // a longer table stays closed on paper
  // 1, 2 and 5 times the powers of ten: what marks of an axis stand at.
  const STEPS = Array.from({ length: 19 }, (_, i) => i - 6)
    .flatMap((power) => [1, 2, 5].map((n) => Number(`${n}e${power}`)));
  const ticks = new Intl.NumberFormat('en-US', { maximumFractionDigits: 6 });
  const root = document.documentElement;
  root.classList.add('has-script');

  const color = (name) => getComputedStyle(root).getPropertyValue(`--c-${name}`).trim();
  const fontSize = () => 0.75 * parseFloat(getComputedStyle(root).fontSize);
  const heightOf = (width) => Math.round(Math.min(300, Math.max(210, width * 0.5)));

  const widthOf = (text) => 0.62 * fontSize() * text.length;

  // Of marks that stand at measured values, the first and the last keep their names, and those in
  // between for which there is room.
  function apart(plot, values) {
    const places = values.map((value) => {
      const half = widthOf(ticks.format(value)) / 2;
      const at = plot.valToPos(value, 'x');
      return { start: at - half - TICK_GAP, end: at + half };
    });
    const last = values.length - 1;
    let end = -Infinity;
    return values.map((value, i) => {
      const { start, end: ownEnd } = places[i];
      if (i < last && i > 0 && (start < end || ownEnd > places[last].start)) return null;
      end = ownEnd;
      return value;
    });
  }

  const written = (plot, values) =>
    values.map((value) => (value === null ? '' : ticks.format(value)));

  function xAxis({ values }) {
    const axis = { ...axisLook(), values: written, size: 32, space: 56 };
    if (values.length <= TICK_EACH_UP_TO) return { ...axis, splits: () => values, filter: apart };
    return { ...axis, incrs: STEPS.filter((step) => step >= 1) };
  }

  const widest = (plot, texts) =>
    Math.max(...(texts ?? ['']).map((text) => widthOf(text))) + 18;

  function axisLook() {
    return {
      font: `${fontSize()}px system-ui, sans-serif`,
      stroke: () => color('quiet'),
      grid: { stroke: () => color('grid'), width: 1 },
      ticks: { show: false },
      gap: 8,
    };
  }

  function logMarks(plot, axis, least, most) {
    const inside = STEPS.filter((step) => step >= least * 0.999 && step <= most * 1.001);
    return inside.length <= FEW_MARKS ? inside : inside.filter((step) => /^[^25]*$/.test(step));
  }

  function yAxis({ isLog }) {
    const axis = { ...axisLook(), values: written, size: widest, space: 38 };
    return isLog ? { ...axis, splits: logMarks, filter: (plot, marks) => marks } : axis;
  }

  // From zero, so that a small difference does not look like a great one.
  function yRange(isLog) {
    return (plot, least, most) => {
      if (!isLog) return [0, most > 0 ? most * 1.08 : 1];
      if (!(least > 0)) return [1, 10];
      const from = STEPS.filter((step) => step <= least).pop() ?? least;
      return [from, STEPS.find((step) => step > most) ?? most];
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
    const lineColor = (plot, i) => color(series[i - 1].color);
    const isShort = x.values.length <= POINTS_UP_TO;
    return {
      width,
      height: heightOf(width),
      padding: [10, widthOf(x.texts[x.texts.length - 1]) / 2 + 6, 0, 0],
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { size: 9, fill: lineColor } },
      scales: {
        x: { time: false, distr: x.isLog ? 3 : 1, range: xRange(x.isLog) },
        y: { distr: y.isLog ? 3 : 1, range: yRange(y.isLog) },
      },
      axes: [xAxis(x), yAxis(y)],
      series: [{}, ...series.map((each) => ({
        label: each.label,
        stroke: lineColor,
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
    const valueOf = (each, i) => `${each.texts[i]}${y.unit}`;
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
    const fit = (width, height = heightOf(width)) => {
      if (width > 0 && (width !== plot.width || height !== plot.height)) {
        plot.setSize({ width, height });
      }
    };
    new ResizeObserver(() => {
      if (!root.classList.contains('on-paper')) fit(place.clientWidth);
    }).observe(place);
    return { plot, place, fit };
  }

  const drawn = JSON.parse(document.getElementById('plots').textContent).map(draw);
  const redraw = () => drawn.forEach(({ plot }) => plot.redraw(false, true));
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw);

  // On paper: dark ink on white, as wide as the page, tables open unless they fill pages.
  let opened = [];
  addEventListener('beforeprint', () => {
    root.classList.add('on-paper');
    opened = [...document.querySelectorAll('details:not([open])')]
      .filter((details) => details.querySelectorAll('tr').length <= PRINT_ROWS);
    opened.forEach((details) => { details.open = true; });
    drawn.forEach(({ fit }) => fit(PRINT_WIDTH, PRINT_HEIGHT));
    redraw();
  });
  addEventListener('afterprint', () => {
    root.classList.remove('on-paper');
    opened.forEach((details) => { details.open = false; });
    drawn.forEach(({ fit, place }) => fit(place.clientWidth));
    redraw();
  });
})();
