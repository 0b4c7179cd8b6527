/*
 * Speaks the trainer protocol without computing anything, and misbehaves as it is told: at start by its first argument,
 * at a request by the prompt's text (`generate`) or the feedback (`distill`).
 */
import { createInterface } from 'node:readline';
import { existsSync, writeFileSync } from 'node:fs';

const [atStart = 'well', marker] = process.argv.slice(2);
const status = {
  processId: process.pid,
  tensorBackend: 'none',
  tensorBackendNote: null,
  baseModel: 'double',
  parameters: 0,
  contextLength: 8,
  residentBytes: 1,
  peakResidentBytes: 1,
  busy: false,
};
const send = (event) => process.stdout.write(`${JSON.stringify(event)}\n`);
const waiting = new Map();

function die(signal = 'SIGKILL') {
  process.kill(process.pid, signal);
}

if (atStart === 'crash-at-start') {
  process.stderr.write('the library libdouble.so is missing\n');
  process.exit(3);
}
if (atStart === 'crash-at-first-start' && !existsSync(marker)) {
  writeFileSync(marker, '');
  process.exit(3);
}

const behaviours = {
  hang: () => {},
  die: () => die(),
  'speak-and-die': ({ id }) => {
    send({ id, progress: { tokenId: 1, text: 'a', logprob: -1, alternatives: [] } });
    setTimeout(die, 50);
  },
  'die-once': ({ id }) => {
    if (!existsSync(marker)) {
      writeFileSync(marker, '');
      die();
    }
    send({ id, result: { text: 'after the crash' } });
  },
  long: ({ id }) => send({ id, result: { text: '', logprobs: Array.from({ length: 400_000 }, (_, i) => -i / 3) } }),
  split: ({ id }) => {
    const bytes = Buffer.from(`${JSON.stringify({ id, result: { text: 'naïve 😀' } })}\n`);
    [...bytes].forEach((byte, i) => setTimeout(() => process.stdout.write(Buffer.of(byte)), i));
  },
  noise: ({ id }) => {
    process.stdout.write('a library says hello\n[]\n{"id":"x"}\n');
    process.stderr.write('{"level":"warn","message":"as JSON","size":3}\nin plain words\n');
    send({ id, result: { text: 'after the noise' } });
  },
  tokens: ({ id }) => {
    for (const text of ['a', 'b', 'c']) send({ id, progress: { tokenId: 1, text, logprob: -1, alternatives: [] } });
    send({ id, result: { text: 'abc' } });
  },
  'wait-for-cancel': ({ id }) =>
    waiting.set(id, () => send({ id, error: { code: 'cancelled', message: 'Cancelled.', details: {} } })),
  refuse: ({ id }) => send({ id, error: { code: 'context_too_long', message: 'Too long.', details: { tokens: 9 } } }),
  'unknown-code': ({ id }) => send({ id, error: { code: 'made_up', message: 'What?', details: {} } }),
  trickle: ({ id }) => {
    let fraction = 0;
    const timer = setInterval(() => {
      fraction += 0.1;
      send({ id, progress: { phase: 'forward', fraction } });
      if (fraction < 0.95) return;
      clearInterval(timer);
      send({ id, result: { metrics: null } });
    }, 350);
  },
};

const methods = {
  load: ({ id }) => {
    if (atStart === 'crash-at-load') process.exit(4);
    if (atStart === 'hang-at-load') return;
    if (atStart === 'refuse-to-load') {
      send({
        id,
        error: { code: 'base_model_invalid', message: 'config.json is missing.', details: { file: 'config.json' } },
      });
      return;
    }
    send({ id, progress: { phase: 'reading', loadedBytes: 1, totalBytes: 2 } });
    send({ id, result: status });
  },
  status: ({ id }) => send({ id, result: status }),
  generate: (request) => behaviours[request.params.prompt.text](request),
  distill: (request) => behaviours[request.params.feedback](request),
  cancel: ({ id, params }) => {
    waiting.get(params.id)?.();
    send({ id, result: null });
  },
  shutdown: ({ id }) => {
    if (atStart === 'ignore-shutdown') return;
    send({ id, result: null });
    process.exit(0);
  },
};

createInterface({ input: process.stdin })
  .on('line', (line) => {
    const request = JSON.parse(line);
    methods[request.method](request);
  })
  .on('close', () => process.exit(0));
