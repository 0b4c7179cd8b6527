import { randomUUID } from 'node:crypto';
import { Logger } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ClaasError, type AdapterId } from '@claas/contracts';
import {
  limitsFor,
  MORE_VLLM_FAULT_CASES,
  VLLM_FAULT_CASES,
  type VllmDouble,
  type VllmFaultCase,
} from '@claas/contracts/testing/vllm';
import type { VllmTimeouts } from '@claas/vllm-control';
import type { Feedback } from './feedback.js';
import { DEFAULT_ORCHESTRATION } from './feedback-request.js';
import { VllmLaboratory, type VllmProcess } from './testing/vllm-laboratory.js';

const LIMIT_MS = 180_000;
const RESTART_MS = 100;
const ID = 'user/faults';

const LIMITS = { longMs: 20_000, shortMs: 6_000 };

let laboratory: VllmLaboratory;
/** What the step of every case measures: how the versions before and after it answer, by the trainer's word. */
let sample: Feedback;
beforeAll(async () => {
  Logger.overrideLogger(false);
  laboratory = await VllmLaboratory.open();
  const { service } = await start();
  sample = await service.send(await laboratory.initAdapter(service, ID));
  await laboratory.tidy();
}, LIMIT_MS);
afterAll(() => laboratory.close());

async function start(limits: Partial<VllmTimeouts> = {}): Promise<{ double: VllmDouble; service: VllmProcess }> {
  const double = await laboratory.double({ restartAfterMs: RESTART_MS });
  const open = await laboratory.createDatabase(`fault_${randomUUID()}`);
  const root = await laboratory.newRoot();
  const service = await laboratory.start({ double, root, database: await open(), timeouts: limits });
  return { double, service };
}

/** An answer as a client gets it. */
async function ask({ served, serving }: VllmProcess, loraId: AdapterId): Promise<readonly number[]> {
  await served.ensurePublished(loraId);
  const { promptTokenIds, response } = sample.rollout;
  if (promptTokenIds === null || !('tokenIds' in response)) throw new Error('The rollout has no token ids.');
  const { logprobs } = await serving.score(
    { kind: 'adapter', loraId },
    { prompt: { kind: 'tokens', tokenIds: promptTokenIds }, completion: { tokenIds: response.tokenIds } },
  );
  return logprobs;
}

/** Which version gives these log-probs; null for neither. */
function versionOf(logprobs: readonly number[]): 'parent' | 'learned' | null {
  const { parentResponseLogprobs = [], responseLogprobs = [] } = sample.result ?? {};
  if (isSame(logprobs, responseLogprobs)) return 'learned';
  return isSame(logprobs, parentResponseLogprobs) ? 'parent' : null;
}

function isSame(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((value, at) => Math.abs(value - (b[at] ?? NaN)) < 1e-4);
}

/** What the client is told of which version answers. */
function reportedVersion({ state, version, error }: Feedback): number {
  if (state === 'verified' && version !== null) return version;
  const told = /(?:is unchanged: version (\d+) is its head|is at version (\d+) again)/.exec(error?.message ?? '');
  return Number(told?.[1] ?? told?.[2]);
}

/** A client that never stops asking. Returns how to stop, and who has answered. */
function keepAsking(service: VllmProcess, loraId: AdapterId): () => Promise<ReadonlySet<string | null>> {
  const answered = new Set<string | null>();
  let isOver = false;
  const run = async (): Promise<void> => {
    while (!isOver) {
      try {
        answered.add(versionOf(await ask(service, loraId)));
      } catch (error) {
        expect(ClaasError.from(error).code).toMatch(/^(serving_failed|service_overloaded|model_not_found)$/);
      }
      await new Promise((resolve) => setTimeout(resolve, 1_000));
    }
  };
  const running = run();
  return async () => {
    isOver = true;
    await running;
    return answered;
  };
}

async function check(one: VllmFaultCase): Promise<void> {
  const { call, fault, sleepLevel } = one;
  const { double, service } = await start({ ...limitsFor(one, LIMITS), asleepMs: 60_000, unreachableMs: 10_000 });
  const orchestration = { ...DEFAULT_ORCHESTRATION, sleepLevel };
  const loraId = await laboratory.initAdapter(service, ID);
  const stopAsking = keepAsking(service, loraId);
  double.faults.set(call, fault);
  const feedback = await service.send(loraId, { orchestration });
  const isHit = double.calls.some((made) => made.call === call);
  double.faults.clear();

  // What the client is told is what is stored, and what answers.
  const reported = reportedVersion(feedback);
  const where = `${feedback.state} ${feedback.error?.message}`;
  expect(reported, where).toBe((await service.store.read(loraId)).manifest.version);
  expect(versionOf(await ask(service, loraId)), where).toBe(feedback.state === 'verified' ? 'learned' : 'parent');
  expect(service.serving.published()).toContainEqual({ loraId, version: reported });
  expect(double.isSleeping).toBe(false);
  // Every answer until then was one version's, whole.
  expect([...(await stopAsking())]).not.toContain(null);
  expect(isHit, 'The call that was to go wrong was never made.').toBe(true);

  // Nothing stays shut, and nothing is learned twice: the next feedback goes through.
  const next = await service.send(loraId, { orchestration });
  expect(next, next.error?.message).toMatchObject({ state: 'verified', parentVersion: reported });
  const learned = (await service.store.versions(loraId)).filter(({ feedbackId }) => feedbackId === feedback.requestId);
  expect(learned.length).toBeLessThanOrEqual(1);
  await service.stop();
  await double.close();
}

/** `CLAAS_TEST_FAULTS=all npx nx test api` goes through the whole table. */
const isComplete = process.env['CLAAS_TEST_FAULTS'] === 'all';
if (!isComplete) {
  const all = VLLM_FAULT_CASES.length + MORE_VLLM_FAULT_CASES.length;
  console.info(
    `${VLLM_FAULT_CASES.length} of ${all} faults of a vLLM server are tried; CLAAS_TEST_FAULTS=all tries the others too.`,
  );
}

// At once: most of their time is waiting for a server that doesn't answer.
describe.concurrent('whatever goes wrong with the server, it answers with the version that the client is told', () => {
  const cases = isComplete ? [...VLLM_FAULT_CASES, ...MORE_VLLM_FAULT_CASES] : VLLM_FAULT_CASES;
  it.each(cases)('$title', (one) => check(one), LIMIT_MS);
});
