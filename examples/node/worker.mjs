#!/usr/bin/env node
// A worker for a step of kind `amqp`: it takes steps of orders from RabbitMQ, does them, answers.
//
// The business of this example is gift cards: forward issues a card over the order's amount,
// reverse takes money off it (all of it, or what a refund gives back). Put your own in the place of
// `issue` and `takeBack`; the rest is what any worker needs, so that nothing is lost or done twice:
//
//  * The key. Holdfast may send a step twice (a worker died, an answer was late), always under the
//    same idempotency key. What was done is written down under its key in the same write as the
//    doing, and a key that stands there is answered again, not done again.
//  * The order of things: do and write down, answer, wait until RabbitMQ has confirmed the answer,
//    and only then acknowledge the step. Whatever dies in between, the step comes again.
//  * Trouble that may pass is no answer. "failed" is final: it cancels the order. A worker that
//    cannot tell stays silent, and Holdfast asks again after the step's `timeout`.
//
// `npm ci` first. Ctrl-C or SIGTERM ends it after the steps at hand.

import amqp from 'amqplib';
import { closeSync, fsyncSync, openSync, readFileSync, truncateSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';

const HELP = `Takes steps of kind amqp from Holdfast and answers them.

  node worker.mjs --step NAME [options]

  --step NAME        name of the step in the plan
  --url URL          RabbitMQ (default: that of ./run stack, amqp://guest:guest@127.0.0.1:17402/%2f)
  --namespace NAME   \`namespace\` of the configuration (default: holdfast)
  --record FILE      what was done (default: worker.jsonl); for one process only
  --prefetch N       steps at hand at a time (default: 8)
  --work-s S         how long one step takes (default: 0)
  --linger-s S       pause between doing and answering, to try a crash there (default: 0)
  --help             this text`;

/** The step is refused for good: the order is to be cancelled. */
class Refused extends Error {}
/** The message is not one of Holdfast's. */
class Malformed extends Error {}

/**
 * The gift cards, and what was answered to which key. A file of JSON lines that is only appended
 * to: a line is the effect and its answer at once, so there is no effect without its record. One
 * process at a time may have it; where several work, use a database with a unique key.
 */
class GiftCards {
  #file;
  #answers = new Map();
  #balances = new Map();

  constructor(path) {
    this.#file = openSync(path, 'a+');
    const text = readFileSync(path, 'utf8');
    // A line without its end was being written when the process died: it was never answered.
    const whole = text.slice(0, text.lastIndexOf('\n') + 1);
    if (whole.length < text.length) truncateSync(path, Buffer.byteLength(whole));
    for (const line of whole.split('\n').filter(Boolean)) this.#remember(JSON.parse(line));
  }

  answerTo(key) {
    return this.#answers.get(key);
  }

  /** Does the step and writes the answer down; on disk when it returns. */
  carryOut(key, step) {
    const known = this.#answers.get(key);
    if (known) return known;
    const card = `${step.order_id}/${step.step}`;
    let entry;
    try {
      const act = step.direction === 'forward' ? this.#issue : this.#takeBack;
      entry = { key, card, ...act.call(this, card, step) };
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      entry = { key, card, amount: 0, answer: { outcome: 'failed', error: error.message } };
    }
    this.#append(`${JSON.stringify(entry)}\n`);
    this.#remember(entry);
    return entry.answer;
  }

  close() {
    closeSync(this.#file);
  }

  #append(line) {
    try {
      const written = writeSync(this.#file, line);
      if (written < Buffer.byteLength(line)) throw new Error('the disk is full');
      fsyncSync(this.#file);
    } catch (error) {
      // What is in the file now, nobody knows: begin anew from it, as after a crash.
      log(`the record cannot be written: ${error.message}`);
      process.exit(1);
    }
  }

  #issue(card, step) {
    if (step.attributes.gift_card === 'refuse') throw new Refused('no card for this order');
    if (this.#balances.has(card)) throw new Refused('it has been taken back already');
    return succeeded(step.amount, `card-${step.order_id.slice(0, 8)}`);
  }

  #takeBack(card, step) {
    // Only with `forward_unknown`: nobody knows whether the forward was done, and here it was not.
    // A card of nothing stands for the order from now on: a forward that arrives late is refused.
    if (!this.#balances.has(card)) return succeeded(0, 'nothing-to-take-back');
    const amount = Math.min(step.amount, this.#balances.get(card));
    return succeeded(-amount, `taken-back-${amount}`);
  }

  #remember({ key, card, amount, answer }) {
    this.#answers.set(key, answer);
    if (answer.outcome !== 'succeeded') return;
    this.#balances.set(card, (this.#balances.get(card) ?? 0) + amount);
  }
}

function succeeded(amount, reference) {
  return { amount, answer: { outcome: 'succeeded', reference } };
}

/** The idempotency key and the step that a message carries. */
function readStep({ properties, content }) {
  let step;
  try {
    step = JSON.parse(content.toString('utf8'));
  } catch (error) {
    throw new Malformed(error.message);
  }
  const key = properties.messageId ?? properties.headers?.['idempotency-key'];
  if (typeof key !== 'string' || !key.startsWith(`${step?.order_id}/${step?.step}/`)) {
    throw new Malformed('it has no idempotency key of its step');
  }
  if (step.direction !== 'forward' && step.direction !== 'reverse') {
    throw new Malformed('it goes neither forward nor in reverse');
  }
  if (!Number.isSafeInteger(step.amount) || typeof step.attributes !== 'object') {
    throw new Malformed('it has no amount or no attributes');
  }
  return { key, step };
}

class Worker {
  #options;
  #cards;
  #stopping = new AbortController();
  #underWay = new Set();

  constructor(options, cards) {
    this.#options = options;
    this.#cards = cards;
  }

  stop() {
    this.#stopping.abort();
  }

  /** Works until it is told to stop; connects again, with growing pauses, when it must. */
  async run() {
    let pause = 500;
    while (!this.#stopping.signal.aborted) {
      try {
        await this.#session(() => {
          pause = 500;
        });
      } catch (error) {
        log(`${error.message}; connecting again in at most ${pause} ms`);
      }
      if (this.#stopping.signal.aborted) break;
      // A jitter, so that a hundred workers do not come back in the same moment.
      const jittered = pause * (0.5 + Math.random() / 2);
      await sleep(jittered, undefined, { signal: this.#stopping.signal }).catch(() => {});
      pause = Math.min(pause * 2, 10_000);
    }
  }

  /** One connection, from beginning to end. */
  async #session(onReady) {
    const { url, namespace, step, prefetch } = this.#options;
    const queue = `${namespace}.work.${step}`;
    const connection = await amqp.connect(url, { heartbeat: 30 });
    let failure;
    const ended = new Promise((resolve) => connection.once('close', resolve));
    connection.on('error', (error) => {
      failure = error;
    });
    try {
      const channel = await connection.createConfirmChannel();
      const closed = new Promise((resolve) => channel.once('close', resolve));
      channel.on('error', (error) => {
        failure = error;
      });
      // The queues are Holdfast's: it declares them when it starts with the step in a plan. This
      // only looks whether they are there; other arguments would be an error.
      await channel.checkQueue(queue);
      // Without a limit RabbitMQ sends the whole queue to one worker.
      await channel.prefetch(prefetch);
      const { consumerTag } = await channel.consume(queue, (message) => {
        if (message === null) channel.close().catch(() => {}); // the queue was deleted
        else this.#track(this.#onStep(channel, message));
      });
      log(`taking steps from ${queue}`);
      onReady();
      await Promise.race([ended, closed, aborted(this.#stopping.signal)]);
      if (failure) throw failure;
      if (!this.#stopping.signal.aborted) throw new Error('the connection was closed');
      await channel.cancel(consumerTag);
      await Promise.allSettled([...this.#underWay]);
      await channel.close();
    } finally {
      await connection.close().catch(() => {});
    }
  }

  #track(work) {
    this.#underWay.add(work);
    work.finally(() => this.#underWay.delete(work));
  }

  async #onStep(channel, message) {
    try {
      const { key, step } = readStep(message);
      const answer = await this.#work(key, step);
      await this.#answer(channel, key, step, answer);
      channel.ack(message);
    } catch (error) {
      this.#giveUp(channel, message, error);
    }
  }

  #giveUp(channel, message, error) {
    try {
      if (error instanceof Malformed) {
        // Not put back, or it would come again for ever: it ends among the parked messages.
        log(`rejected a message: ${error.message}`);
        channel.reject(message, false);
      } else {
        // It may pass, so it is no answer. Holdfast asks again after the step's `timeout`.
        log(`no answer: ${error.message}`);
        channel.ack(message);
      }
    } catch (closed) {
      // The channel is gone; RabbitMQ delivers the step again.
      log(`not acknowledged: ${closed.message}`);
    }
  }

  async #work(key, step) {
    const known = this.#cards.answerTo(key);
    if (known) {
      log(`${key}: done before, answered again`);
      return known;
    }
    await sleep(this.#options.workS * 1000);
    const answer = this.#cards.carryOut(key, step);
    log(`${key}: ${answer.outcome}`);
    await sleep(this.#options.lingerS * 1000);
    return answer;
  }

  /** Resolves when RabbitMQ has the answer on disk. */
  #answer(channel, key, { order_id, step, direction }, answer) {
    const message = { order_id, step, direction, idempotency_key: key, ...answer };
    const options = { contentType: 'application/json', persistent: true, messageId: key };
    return new Promise((resolve, reject) => {
      channel.sendToQueue(
        `${this.#options.namespace}.answers`,
        Buffer.from(JSON.stringify(message)),
        options,
        (error) => (error ? reject(error) : resolve()),
      );
    });
  }
}

function aborted(signal) {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
}

function log(text) {
  console.error(`${new Date().toISOString()} ${text}`);
}

function readOptions() {
  const text = (value) => ({ type: 'string', default: value });
  const { values } = parseArgs({
    options: {
      step: { type: 'string' },
      url: text('amqp://guest:guest@127.0.0.1:17402/%2f'),
      namespace: text('holdfast'),
      record: text('worker.jsonl'),
      prefetch: text('8'),
      'work-s': text('0'),
      'linger-s': text('0'),
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    process.exit(0);
  }
  const numbers = {
    prefetch: Number(values.prefetch),
    workS: Number(values['work-s']),
    lingerS: Number(values['linger-s']),
  };
  if (!values.step) throw new Error('--step is required');
  if (!Object.values(numbers).every(Number.isFinite)) throw new Error('a number is none');
  return { ...values, ...numbers };
}

let options;
try {
  options = readOptions();
} catch (error) {
  console.error(`${error.message}; see: node worker.mjs --help`);
  process.exit(2);
}
const cards = new GiftCards(options.record);
const worker = new Worker(options, cards);
process.on('SIGINT', () => worker.stop());
process.on('SIGTERM', () => worker.stop());
await worker.run();
cards.close();
