// CPU time per order, by process, as bars of parts laid end to end.

import { format, isNumber, percent } from './numbers.mjs';

const PROCESSES = [
  { key: 'holdfast', label: 'Holdfast', color: 'blue' },
  { key: 'redis', label: 'Redis', color: 'red' },
  { key: 'rabbitmq', label: 'RabbitMQ', color: 'orange' },
  { key: 'postgres', label: 'PostgreSQL', color: 'green' },
  { key: 'load', label: 'load generator', color: 'gray' },
];
const SERVERS = ['redis', 'rabbitmq', 'postgres'];
const DIGITS = 1;

function partsOf(byProcess) {
  const known = new Set(PROCESSES.map(({ key }) => key));
  const others = Object.keys(byProcess ?? {}).filter((key) => !known.has(key))
    .map((key) => ({ key, label: key, color: 'violet' }));
  return [...PROCESSES, ...others]
    .filter(({ key }) => isNumber(byProcess?.[key]) && byProcess[key] >= 0)
    .map((process) => ({
      ...process, us: byProcess[process.key], text: format(byProcess[process.key], DIGITS),
    }));
}

const sum = (parts) => parts.reduce((total, { us }) => total + us, 0);

function finding(run, alone) {
  const own = run.find(({ key }) => key === 'holdfast');
  const said = [];
  if (own && sum(run) > 0) {
    said.push(`Holdfast itself takes ${own.text} µs of ${format(sum(run), DIGITS)} µs, ` +
      `${percent(own.us, sum(run))}.`);
  }
  const servers = run.filter(({ key }) => SERVERS.includes(key));
  if (servers.length && alone.length) {
    said.push(`The servers take ${format(sum(servers), DIGITS)} µs under Holdfast and ` +
      `${format(sum(alone), DIGITS)} µs when each is driven alone.`);
  }
  return said.join(' ') || null;
}

/** {finding, bars: [{title, text, parts: [{label, color, us, text, width}]}]} or null. */
export function cpuBars(results) {
  const run = partsOf(results.cpu_us_per_order);
  const alone = partsOf(results.limit_cpu_us_per_order);
  const bars = [
    { title: 'this run, per completed order', parts: run },
    { title: 'each server driven alone, per order', parts: alone },
  ].filter(({ parts }) => sum(parts) > 0);
  if (bars.length === 0) return null;
  const longest = Math.max(...bars.map(({ parts }) => sum(parts)));
  return {
    finding: finding(run, alone),
    bars: bars.map(({ title, parts }) => ({
      title,
      text: format(sum(parts), DIGITS),
      parts: parts.map((part) => ({ ...part, width: (100 * part.us) / longest })),
    })),
  };
}
