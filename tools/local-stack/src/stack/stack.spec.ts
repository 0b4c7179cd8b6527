import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isAlive } from '../process/process-identity.js';
import { readRunningStack, type StackRecord } from '../state/stack-state.js';
import { freePort, makeWorkplace, until, type Workplace } from '../testing/make-settings.js';

const PROGRAM = fileURLToPath(new URL('../../bin/claas-stack.mjs', import.meta.url));
/** Built, since it is a process of its own. */
const VLLM_DOUBLE = fileURLToPath(new URL('../../dist/testing/vllm-double-process.js', import.meta.url));
const LIMITS = '{ look_every_s: 0.2, first_pause_s: 0.1, longest_pause_s: 1, failures: 100, stop_s: 20 }';

let place: Workplace;
let stacks: ChildProcess[];
let port: number;
let gatewayPort: number;
beforeEach(async () => {
  place = makeWorkplace();
  stacks = [];
  port = await freePort();
  gatewayPort = await freePort();
  place.write(
    'gateway.mjs',
    `import http from 'node:http';\nhttp.createServer((_, r) => r.end('up')).listen(${gatewayPort}, '127.0.0.1');`,
  );
  writeConfig();
});
afterEach(async () => {
  for (const stack of stacks) await end(stack);
  place.remove();
});

/** `more`: further lines. */
function writeConfig(more = ''): void {
  place.write(
    'claas-stack.yaml',
    `adapters: [{ id: me/first, rank: 8, alpha: 16, seed: 1 }, { id: me/second, rank: 4, alpha: 8 }]
api: { port: ${port}, env: { CLAAS_KEEP_VERSIONS: 1000, CLAAS_VLLM_DTYPE: float32, FEEDBACK_MIN_FREE_VRAM_GB: 0 } }
gateway: { command: [node, gateway.mjs], url: "http://127.0.0.1:${gatewayPort}" }
limits: ${LIMITS}
${more}`,
  );
}

const dataDirectory = (): string => path.join(place.directory, 'data');
const record = (): StackRecord | null => readRunningStack(dataDirectory());

interface Started {
  readonly child: ChildProcess;
  readonly output: () => string;
}

function start(...args: string[]): Started {
  let text = '';
  const child = spawn(process.execPath, [PROGRAM, ...args], {
    cwd: place.directory,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      HOME: place.directory,
      XDG_CACHE_HOME: process.env['XDG_CACHE_HOME'] ?? path.join(homedir(), '.cache'),
    },
  });
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  stacks.push(child);
  return { child, output: () => text };
}

async function startAndWait(): Promise<Started> {
  const started = start();
  await until(() => {
    if (started.child.exitCode !== null) throw new Error(`The stack ended:\n${started.output()}`);
    return started.output().includes('everything is up');
  }, 90_000);
  return started;
}

async function end(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const exit = once(child, 'exit');
  child.kill(signal);
  return ((await exit) as [number | null])[0];
}

async function json(
  method: string,
  route: string,
  body?: object,
  headers: Record<string, string> = {},
): Promise<{ status: number; body: ReturnType<typeof JSON.parse> }> {
  const response = await fetch(`http://127.0.0.1:${port}${route}`, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    ...(body && { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: await response.json() };
}

const processOf = (name: string): number | null =>
  record()?.services.find((service) => service.name === name)?.process?.processId ?? null;

/** The trainer, which the API has started. */
function trainerOf(apiProcess: number | null): number | null {
  if (apiProcess === null) return null;
  try {
    return Number(readFileSync(`/proc/${apiProcess}/task/${apiProcess}/children`, 'utf8').trim().split(' ')[0]) || null;
  } catch {
    return null;
  }
}

describe('the stack', () => {
  it('starts everything in order with its adapters, once on a data directory, and ends without a trace, also after it was killed', async () => {
    const { child, output } = await startAndWait();
    const order = [
      'starting api',
      'api is up',
      'made the adapter me/first-init',
      'made the adapter me/second-init',
      'starting gateway',
      'gateway is up',
    ];
    const places = order.map((text) => output().indexOf(text));
    expect(places.every((at, index) => at > (places[index - 1] ?? -1))).toBe(true);

    const second = start('--port', String(await freePort()));
    await once(second.child, 'exit');
    expect(second.child.exitCode).toBe(3);
    expect(second.output()).toMatch(/A stack runs on .*data already \(process \d+, .*\)\.\n`claas-stack status`/);
    const elsewhere = start('--data-dir', 'other');
    await once(elsewhere.child, 'exit');
    expect([elsewhere.child.exitCode, elsewhere.output()]).toEqual([
      3,
      expect.stringMatching(new RegExp(`Port ${port}, which api needs, is in use by node \\(process \\d+\\)`)),
    ]);

    const status = start('status', '--json');
    await once(status.child, 'exit');
    const { services } = JSON.parse(status.output()) as StackRecord;
    expect(services.map(({ name, state }) => [name, state])).toEqual([
      ['api', 'ready'],
      ['gateway', 'ready'],
    ]);

    // Killed, it can't end what it has started; the next one does.
    const left = services.map(({ process }) => process!);
    await end(child, 'SIGKILL');
    expect(left.map(isAlive)).toEqual([true, true]);
    const again = await startAndWait();
    expect(left.map(isAlive)).toEqual([false, false]);
    expect(again.output()).toContain('the adapter me/first is there already');
    const processes = record()!.services.map(({ process }) => process!);
    expect(await end(again.child, 'SIGINT')).toBe(0);
    expect(processes.map(isAlive)).toEqual([false, false]);
    expect(again.output().indexOf('ending gateway')).toBeLessThan(again.output().indexOf('ending api'));
    expect(again.output()).toContain('everything has ended');
    expect(record()).toBeNull();
  }, 120_000);

  it('says what is wrong when a program is missing, and leaves nothing running', async () => {
    const { child, output } = start('--gateway', 'no-such-gateway');
    await once(child, 'exit');
    expect(child.exitCode).toBe(1);
    expect(output()).toMatch(/^claas-stack: There is no program no-such-gateway, which gateway needs\.\nInstall it/);
    expect(record()).toBeNull();
  });

  it('shows what it would do, and does nothing', async () => {
    const { child, output } = start('--dry-run');
    await once(child, 'exit');
    expect(child.exitCode).toBe(0);
    expect(output()).toContain('This is what a start would do; nothing was started.');
    expect(record()).toBeNull();
  });
});

/** CLAAS_STACK_KILLS=20 is the long run; the default one kills each process once, in the stack that has them all. */
const KILLS = Number(process.env['CLAAS_STACK_KILLS'] ?? 4);
const IS_LONG_RUN = KILLS >= 20;
const EMBEDDED: readonly [string, readonly string[]] = ['the embedded model', ['api', 'trainer', 'gateway']];
const BEHIND_VLLM: readonly [string, readonly string[]] = [
  'a vLLM server that shares the accelerator',
  ['vllm', 'api', 'trainer', 'gateway'],
];
/** From a kill until everything is healthy again. */
const RECOVERY_LIMIT_MS = 60_000;
const SEED = 20_261_125;

describe(`processes that are killed, ${KILLS} times${IS_LONG_RUN ? '' : ' (CLAAS_STACK_KILLS=20 for the long run, also with the embedded model)'}`, () => {
  it.each(IS_LONG_RUN ? [EMBEDDED, BEHIND_VLLM] : [BEHIND_VLLM])(
    'with %s come back, and no accepted feedback is lost',
    async (_, targets) => {
      if (targets.includes('vllm')) {
        const port = await freePort();
        writeConfig(`vllm: { port: ${port}, command: [node, "${VLLM_DOUBLE}", "${port}"] }`);
      }
      const { child } = await startAndWait();
      const random = randomNumbers(SEED);
      const accepted = new Map<string, string>();
      const send = (key: string): ReturnType<typeof json> => {
        const training = { steps: 2 };
        const body = {
          lora_id: 'me/first',
          prompt: `Is it ${key}?`,
          response: 'The sky is blue!',
          feedback: 'No exclamation marks.',
          training,
        };
        return json('POST', '/v1/feedback', body, { prefer: 'respond-async', 'idempotency-key': key });
      };
      const sendingTime = new AbortController();
      const isSending = (): boolean => !sendingTime.signal.aborted || accepted.size <= KILLS;
      const sending = (async () => {
        for (let number = 1; isSending(); number += 1) {
          const key = `feedback-${number}`;
          while (isSending() && !accepted.has(key)) {
            const reply = await send(key).catch(() => null);
            if (reply?.status === 202 || reply?.status === 200) accepted.set(key, reply.body.request_id as string);
            else await new Promise((resolve) => setTimeout(resolve, 100));
          }
          await new Promise((resolve) => setTimeout(resolve, 600));
        }
      })();

      const slowest: number[] = [];
      let harmful = 0;
      for (let kill = 0; kill < KILLS; kill += 1) {
        await new Promise((resolve) => setTimeout(resolve, 300 + random() * 1_500));
        // Each in turn first, then whichever.
        const target = targets[kill < targets.length ? kill : Math.floor(random() * targets.length)]!;
        let victim: number | null = null;
        await until(
          () => (victim = target === 'trainer' ? trainerOf(processOf('api')) : processOf(target)) !== null,
          RECOVERY_LIMIT_MS,
        );
        if (target === 'trainer' || target === 'vllm') harmful += 1;
        process.kill(victim!, 'SIGKILL');
        const killedAt = Date.now();
        await until(() => healthy(victim!), RECOVERY_LIMIT_MS);
        slowest.push(Date.now() - killedAt);
      }
      sendingTime.abort();
      await sending;
      const records: Awaited<ReturnType<typeof finished>>[] = [];
      for (const id of accepted.values()) records.push(await finished(id));
      const learned = records.filter(({ status }) => status === 'verified');
      // Those that were told to have failed; the adapter is as it was before (docs/decisions/2026-11-23-feedback-after-a-crash.md).
      const reported = records.filter(({ status }) => status === 'failed' || status === 'rolled_back');
      const reasons = reported.map(({ status, error }) => `${status} (${error.code})`);
      console.log(
        `${KILLS} kills (${harmful} of the trainer or vLLM), ${accepted.size} feedbacks accepted: ${learned.length} verified, ${reported.length} reported as not learned: ${reasons.join(', ')}; slowest recovery ${Math.max(...slowest)} ms`,
      );
      expect(learned.length + reported.length).toBe(accepted.size);
      expect(accepted.size).toBeGreaterThan(KILLS);
      expect(learned.length).toBeGreaterThan(0);
      // Only what was killed is to blame, and what is sent again is learned.
      if (harmful === 0) expect(reported).toEqual([]);
      for (const { error } of reported) expect(error.code).toMatch(/^(trainer|serving|verification)_/);
      const again = await Promise.all(
        reported.map(async (_, index) => finished((await send(`again-${index}`)).body.request_id)),
      );
      expect(again.map(({ status }) => status)).toEqual(reported.map(() => 'verified'));

      const { versions } = (await json('GET', '/v1/lora/versions?lora_id=me/first')).body;
      const applied = lineOfHead(versions);
      const times = (id: string): number => applied.filter((feedbackId) => feedbackId === id).length;
      const amiss = [...learned, ...again].filter(({ request_id }) => times(request_id) !== 1);
      expect(amiss.map(({ request_id, version, parent_version }) => ({ request_id, version, parent_version }))).toEqual(
        [],
      );
      expect(reported.map(({ request_id }) => times(request_id))).toEqual(reported.map(() => 0));
      expect(await end(child)).toBe(0);
    },
    1_200_000,
  );
});

interface Version {
  readonly version: number;
  readonly parent: number | null;
  readonly is_head: boolean;
  readonly feedback_id: string | null;
}

/** Feedbacks that the version which answers has learned, back to the first: what was rolled back lies beside its line. */
function lineOfHead(versions: readonly Version[]): (string | null)[] {
  const line: (string | null)[] = [];
  for (let at = versions.find(({ is_head }) => is_head); at !== undefined;) {
    line.push(at.feedback_id);
    const { parent } = at;
    at = versions.find(({ version }) => version === parent);
  }
  return line;
}

/** The record of a feedback when nothing remains to be done for it. */
async function finished(id: string): Promise<ReturnType<typeof JSON.parse>> {
  let found: ReturnType<typeof JSON.parse>;
  await until(async () => (found = (await json('GET', `/v1/feedback/${id}`)).body).finished === true, 300_000);
  return found;
}

const UP = ['ready', 'sleeping'];

/** Everything answers, and what was killed is gone. */
async function healthy(victim: number): Promise<boolean> {
  const services = record()?.services ?? [];
  if (
    services.length === 0 ||
    !services.every(({ state, process }) => UP.includes(state) && process?.processId !== victim)
  )
    return false;
  const [api, gateway] = await Promise.all([
    json('GET', '/v1/health').catch(() => null),
    fetch(`http://127.0.0.1:${gatewayPort}`).catch(() => null),
  ]);
  return api?.body.status === 'healthy' && api.body.engine.details.process_id !== victim && gateway?.ok === true;
}

/** The same numbers in each run (mulberry32). */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
