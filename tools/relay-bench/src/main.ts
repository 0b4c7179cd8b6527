import { parseArgs } from 'node:util';
import { quantile, timeAnswers } from './first-bytes.js';
import type { Times } from './first-bytes.js';
import { startPrograms } from './programs.js';
import type { Programs, Upstream } from './programs.js';
import { throughput } from './throughput.js';

const USAGE = `What the API costs in front of a vLLM server: a server that gives a fixed answer after a fixed time, or the double
of vLLM, is asked directly, directly with the token ids and log-probs that the API asks for too, and through the API, in
turns.

  node tools/relay-bench/dist/main.js [options]

  --double                instead of it the double of vLLM, whose answers the small model computes; --connections 8 suits it
  --max-tokens <n>        of an answer of the double (64)
  --service-times <ms,…>  how long the server takes for an answer (0,5,20,50,200)
  --connections <n>       requests at a time for the throughput (64)
  --seconds <n>           of each measurement of throughput (4)
  --rounds <n>            measurements of each kind (3)
  --requests <n>          one after the other, for latency and first byte, in each round (150)`;

const ADAPTER = 'bench/relay';
const BASE_MODEL = 'clay-tiny';
/** With a seed, so that a model has the same work each time. */
const CHAT = {
  messages: [
    { role: 'system', content: 'You are a helpful assistant.' },
    { role: 'user', content: 'What is the capital of France?' },
  ],
  temperature: 1,
  seed: 1,
};
/** What the API asks for behind its client's back: more work for the server. */
const ALSO = { logprobs: true, top_logprobs: 0, return_token_ids: true };

const { values } = parseArgs({
  options: {
    double: { type: 'boolean', default: false },
    'max-tokens': { type: 'string', default: '64' },
    'service-times': { type: 'string', default: '0,5,20,50,200' },
    connections: { type: 'string', default: '64' },
    seconds: { type: 'string', default: '4' },
    rounds: { type: 'string', default: '3' },
    requests: { type: 'string', default: '150' },
    help: { type: 'boolean', default: false },
  },
});
const [connections, seconds, rounds, requests] = [
  values.connections,
  values.seconds,
  values.rounds,
  values.requests,
].map(Number) as [number, number, number, number];

interface Ways<T> {
  readonly direct: T;
  readonly asked: T;
  readonly through: T;
}

/** Each way in turns, so that what else the machine does falls on all. */
async function inTurns<T>(
  programs: Programs,
  model: string,
  ask: (url: string, body: object) => Promise<T>,
): Promise<Ways<readonly T[]>> {
  const found: Ways<T[]> = { direct: [], asked: [], through: [] };
  const chat = { ...CHAT, max_tokens: Number(values['max-tokens']) };
  const path = '/v1/chat/completions';
  for (let round = 0; round < rounds; round += 1) {
    found.direct.push(await ask(programs.upstream + path, { ...chat, model: BASE_MODEL }));
    found.asked.push(await ask(programs.upstream + path, { ...chat, ...ALSO, model: BASE_MODEL }));
    found.through.push(await ask(programs.api + path, { ...chat, model }));
  }
  return found;
}

const median = (numbers: readonly number[]): number => quantile(numbers, 0.5);
const show = (milliseconds: number): string => milliseconds.toFixed(2).padStart(9);

async function createAdapter(api: string): Promise<string> {
  const init = await fetch(`${api}/v1/lora/init`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ lora_id: ADAPTER, lora_r: 4 }),
  });
  const { lora_id: model } = (await init.json()) as { lora_id: string };
  return model;
}

async function measure(upstream: Upstream): Promise<void> {
  const programs = await startPrograms(upstream, process.env);
  try {
    // Where a model computes, both ways ask for the base model: an adapter is more work for it.
    const model = upstream === 'double' ? BASE_MODEL : await createAdapter(programs.api);
    await timeAnswers(`${programs.upstream}/v1/chat/completions`, { ...CHAT, model: BASE_MODEL }, 5);
    await timeAnswers(`${programs.api}/v1/chat/completions`, { ...CHAT, model }, 50);

    const one = await inTurns(programs, model, (url, body) => timeAnswers(url, body, requests));
    const streams = Math.min(requests, 60);
    const stream = await inTurns(programs, model, (url, body) => timeAnswers(url, { ...body, stream: true }, streams));
    const many = await inTurns(programs, model, (url, body) => throughput(url, body, connections, seconds));
    const title = upstream === 'double' ? 'The double of vLLM' : `A server that takes ${upstream.serviceTimeMs} ms`;
    console.log(`\n${title.padEnd(38)} direct  as asked   through the API`);
    const rows: readonly [string, Ways<readonly Times[]>, keyof Times][] = [
      ['whole answer', one, 'whole'],
      ['first byte of a stream', stream, 'first'],
      ['end of a stream', stream, 'whole'],
    ];
    for (const [name, ways, moment] of rows) {
      for (const share of [0.5, 0.95]) {
        const of = (times: readonly Times[]): number =>
          quantile(
            times.flatMap((t) => t[moment]),
            share,
          );
        const [direct, asked, through] = [of(ways.direct), of(ways.asked), of(ways.through)];
        const more = (through - direct).toFixed(2);
        console.log(
          `  ${name}, ms, p${share * 100}`.padEnd(36),
          show(direct),
          show(asked),
          show(through),
          `  +${more}`,
        );
      }
    }
    const [direct, asked, through] = [median(many.direct), median(many.asked), median(many.through)];
    const ratio = ((100 * through) / direct).toFixed(1);
    const name = `  answers a second, ${connections} at a time`.padEnd(36);
    console.log(name, show(direct), show(asked), show(through), `  ${ratio} %`);
    const each = many.direct.map((rate, round) => ((100 * (many.through[round] ?? Number.NaN)) / rate).toFixed(1));
    console.log('  of that in each round, %'.padEnd(36), each.join('  '));
  } finally {
    await programs.close();
  }
}

if (values.help) console.log(USAGE);
else if (values.double) await measure('double');
else for (const time of values['service-times'].split(',').map(Number)) await measure({ serviceTimeMs: time });
