import { parseArgs } from 'node:util';
import { quantile, timeAnswers } from './first-bytes.js';
import { startPrograms } from './programs.js';
import type { Programs, Upstream } from './programs.js';
import { throughput } from './throughput.js';

const USAGE = `What the API costs in front of a vLLM server: a server that gives a fixed answer after a fixed time, or the double
of vLLM, is asked directly and through the API, in turns.

  node tools/relay-bench/dist/main.js [options]

  --double                instead of it the double of vLLM, whose answers the small model computes; --connections 8 suits it
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
  max_tokens: 64,
};

const { values } = parseArgs({
  options: {
    double: { type: 'boolean', default: false },
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

interface Pair<T> {
  readonly direct: T;
  readonly through: T;
}

/** Directly and through the API in turns, so that what else the machine does falls on both. */
async function inTurns<T>(
  programs: Programs,
  model: string,
  ask: (url: string, body: object) => Promise<T>,
): Promise<Pair<readonly T[]>> {
  const found: Pair<T[]> = { direct: [], through: [] };
  const path = '/v1/chat/completions';
  for (let round = 0; round < rounds; round += 1) {
    found.direct.push(await ask(programs.upstream + path, { ...CHAT, model: BASE_MODEL }));
    found.through.push(await ask(programs.api + path, { ...CHAT, model }));
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
    console.log(`\n${title.padEnd(38)} direct   through the API`);
    const rows: readonly [string, Pair<readonly (readonly number[])[]>][] = [
      ['whole answer, ms', { direct: one.direct.map((t) => t.whole), through: one.through.map((t) => t.whole) }],
      [
        'first byte of a stream, ms',
        { direct: stream.direct.map((t) => t.first), through: stream.through.map((t) => t.first) },
      ],
      [
        'end of a stream, ms',
        { direct: stream.direct.map((t) => t.whole), through: stream.through.map((t) => t.whole) },
      ],
    ];
    for (const [name, pair] of rows) {
      for (const share of [0.5, 0.95]) {
        const [direct, through] = [quantile(pair.direct.flat(), share), quantile(pair.through.flat(), share)];
        console.log(
          `  ${name} p${share * 100}`.padEnd(36),
          show(direct),
          show(through),
          `  +${(through - direct).toFixed(2)}`,
        );
      }
    }
    const [direct, through] = [median(many.direct), median(many.through)];
    const ratio = ((100 * through) / direct).toFixed(1);
    console.log(`  answers a second, ${connections} at a time`.padEnd(36), show(direct), show(through), `  ${ratio} %`);
  } finally {
    await programs.close();
  }
}

if (values.help) console.log(USAGE);
else if (values.double) await measure('double');
else for (const time of values['service-times'].split(',').map(Number)) await measure({ serviceTimeMs: time });
