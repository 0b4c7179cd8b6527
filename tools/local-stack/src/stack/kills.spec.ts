import { readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { FeedbackStream } from '../testing/feedback-stream.js';
import { until } from '../testing/make-settings.js';
import { randomNumbers } from '../testing/random-numbers.js';
import { endProgram, StackPrograms, START_LIMIT_MS } from '../testing/stack-programs.js';

/** CLAAS_STACK_KILLS=20 is the long run; the default one kills each process once, in the stack that has them all. */
const KILLS = Number(process.env['CLAAS_STACK_KILLS'] ?? 4);
const IS_LONG_RUN = KILLS >= 20;
const EMBEDDED: readonly [string, readonly string[]] = ['the embedded model', ['api', 'trainer', 'gateway']];
const BEHIND_VLLM: readonly [string, readonly string[]] = [
  'a vLLM server that shares the accelerator',
  ['vllm', 'api', 'trainer', 'gateway'],
];
/** From a kill until everything is healthy again: what a start may take. */
const RECOVERY_LIMIT_MS = START_LIMIT_MS;
const SEED = 20_261_125;

let programs: StackPrograms;
afterEach(() => programs.end());

describe(`processes that are killed, ${KILLS} times${IS_LONG_RUN ? '' : ' (CLAAS_STACK_KILLS=20 for the long run, also with the embedded model)'}`, () => {
  it.each(IS_LONG_RUN ? [EMBEDDED, BEHIND_VLLM] : [BEHIND_VLLM])(
    'with %s come back, and no accepted feedback is lost',
    async (_, targets) => {
      programs = await StackPrograms.prepare({ withVllm: targets.includes('vllm') });
      const { child } = await programs.startAndWait();
      const feedbacks = new FeedbackStream(programs, KILLS + 1);
      const random = randomNumbers(SEED);
      const recoveries: number[] = [];
      let harmful = 0;
      for (let kill = 0; kill < KILLS; kill += 1) {
        await wait(300 + random() * 1_500);
        // Each in turn first, then whichever.
        const target = targets[kill < targets.length ? kill : Math.floor(random() * targets.length)]!;
        if (target === 'trainer' || target === 'vllm') harmful += 1;
        const victim = await processOf(target);
        process.kill(victim, 'SIGKILL');
        const killedAt = Date.now();
        await until(() => isHealthyWithout(victim), RECOVERY_LIMIT_MS);
        recoveries.push(Date.now() - killedAt);
      }
      const records = await feedbacks.finish();
      const learned = records.filter(({ status }) => status === 'verified');
      // Those that were told to have failed; the adapter is as it was before (docs/decisions/2026-11-23-feedback-after-a-crash.md).
      const reported = records.filter(({ status }) => status === 'failed' || status === 'rolled_back');
      const reasons = reported.map(({ status, error }) => `${status} (${error?.code})`);
      console.log(
        `${KILLS} kills (${harmful} of the trainer or vLLM), ${records.length} feedbacks accepted: ${learned.length} verified, ${reported.length} reported as not learned: ${reasons.join(', ')}; slowest recovery ${Math.max(...recoveries)} ms`,
      );
      expect(learned.length + reported.length).toBe(records.length);
      expect(records.length).toBeGreaterThan(KILLS);
      expect(learned.length).toBeGreaterThan(0);
      // Only what was killed is to blame, and what is sent again is learned.
      if (harmful === 0) expect(reported).toEqual([]);
      for (const { error } of reported) expect(error?.code).toMatch(/^(trainer|serving|verification)_/);
      const again = await feedbacks.again(reported.length);
      expect(again.map(({ status }) => status)).toEqual(reported.map(() => 'verified'));

      const { versions } = (await programs.ask('GET', '/v1/lora/versions?lora_id=me/first')).body;
      const applied = lineOfHead(versions);
      const times = (id: string): number => applied.filter((feedbackId) => feedbackId === id).length;
      const amiss = [...learned, ...again].filter(({ request_id }) => times(request_id) !== 1);
      expect(amiss.map(({ request_id, version, parent_version }) => ({ request_id, version, parent_version }))).toEqual(
        [],
      );
      expect(reported.map(({ request_id }) => times(request_id))).toEqual(reported.map(() => 0));
      expect(await endProgram(child)).toBe(0);
    },
    1_800_000,
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

/** Waits for it: the trainer starts with the first request. */
async function processOf(target: string): Promise<number> {
  let found: number | null = null;
  const look = (): number | null =>
    target === 'trainer' ? trainerOf(programs.processOf('api')) : programs.processOf(target);
  await until(() => (found = look()) !== null, RECOVERY_LIMIT_MS);
  return found!;
}

/** The trainer, which the API has started. */
function trainerOf(apiProcess: number | null): number | null {
  if (apiProcess === null) return null;
  try {
    return Number(readFileSync(`/proc/${apiProcess}/task/${apiProcess}/children`, 'utf8').trim().split(' ')[0]) || null;
  } catch {
    return null;
  }
}

const UP = ['ready', 'sleeping'];

/** Everything answers, and what was killed is gone. */
async function isHealthyWithout(victim: number): Promise<boolean> {
  const services = programs.record()?.services ?? [];
  const isUp = services.every(({ state, process }) => UP.includes(state) && process?.processId !== victim);
  if (services.length === 0 || !isUp) return false;
  const [api, gateway] = await Promise.all([
    programs.ask('GET', '/v1/health').catch(() => null),
    fetch(`http://127.0.0.1:${programs.gatewayPort}`).catch(() => null),
  ]);
  return api?.body.status === 'healthy' && api.body.engine.details.process_id !== victim && gateway?.ok === true;
}
