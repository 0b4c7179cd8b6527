import { ClaasError } from '@claas/contracts';
import type { AdapterSource, ServedModel } from '@claas/contracts';
import { limitsFor, MORE_VLLM_FAULT_CASES, VLLM_FAULT_CASES } from '@claas/contracts/testing/vllm';
import type { VllmDouble, VllmFaultCase } from '@claas/contracts/testing/vllm';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { initialVersion, trainVersion } from './testing/train-version.js';
import type { Trained } from './testing/train-version.js';
import { VllmWorld } from './testing/vllm-world.js';
import type { VllmServing } from './vllm-serving.js';

const CASE_LIMIT_MS = 90_000;
const LIMITS = { longMs: 20_000, shortMs: 4_000 };
const DRAIN_MS = 15_000;
const RESTART_MS = 100;
const REPUBLISH_ATTEMPTS = 3;
const SAME_NATS = 1e-3;

let world: VllmWorld;
let trained: Trained;
let model: ServedModel;

beforeAll(async () => {
  world = await VllmWorld.create();
  const parent = await initialVersion(world.trainer, world.root, 'faults/adapter');
  trained = await trainVersion(world.trainer, world.root, 'faults/adapter', { parent });
  model = { kind: 'adapter', loraId: parent.loraId };
  // The first answers of a model are slow, and the limits here are short.
  const { promptTokenIds, responseTokenIds } = trained.result.rollout;
  for (const { directory } of [parent, trained.source]) {
    await world.backend.score(directory, promptTokenIds, responseTokenIds);
  }
}, 120_000);
afterAll(() => world.close());

/** The version whose log-probs these are, by the trainer's word; null when they are neither version's. */
function versionOf(logprobs: readonly number[]): number | null {
  const { responseLogprobs, parentResponseLogprobs } = trained.result;
  const near = (other: readonly number[]) =>
    logprobs.length === other.length && logprobs.every((x, t) => Math.abs(x - (other[t] ?? NaN)) < SAME_NATS);
  if (near(responseLogprobs)) return trained.source.version;
  return near(parentResponseLogprobs) ? trained.parent.version : null;
}

async function answeredVersion(serving: VllmServing): Promise<number | null> {
  const { promptTokenIds, responseTokenIds } = trained.result.rollout;
  const prompt = { kind: 'tokens' as const, tokenIds: promptTokenIds };
  return versionOf((await serving.score(model, { prompt, completion: { tokenIds: responseTokenIds } })).logprobs);
}

/** What the API does with a version once it is trained, and when that fails: the version that it then reports as served. */
async function serve(serving: VllmServing, level: 1 | 2): Promise<number | null> {
  const { parent, source, result } = trained;
  const { promptTokenIds, responseTokenIds } = result.rollout;
  const { responseLogprobs: logprobs, parentResponseLogprobs: parentLogprobs } = result;
  let slept = false;
  try {
    await serving.drain({ timeoutMs: DRAIN_MS });
    slept = true;
    await serving.release({ level });
    await serving.restore();
    await serving.publish(source);
    const expected = { promptTokenIds, responseTokenIds, logprobs, parentLogprobs };
    if (!(await serving.verify(source, expected)).verified) throw new ClaasError('verification_failed', 'not verified');
    return source.version;
  } catch (error) {
    expect(error).toBeInstanceOf(ClaasError);
    return await rollBack(serving, parent, slept);
  }
}

async function rollBack(serving: VllmServing, parent: AdapterSource, slept: boolean): Promise<number | null> {
  for (let attempt = 1; attempt <= REPUBLISH_ATTEMPTS; attempt += 1) {
    try {
      if (slept) await serving.restore();
      await serving.publish(parent);
      return parent.version;
    } catch (error) {
      expect(error).toBeInstanceOf(ClaasError);
    }
  }
  await serving.retract(parent.loraId);
  return null;
}

/** A client that never stops asking; every answer that it gets must be one version's, whole. */
function keepAsking(serving: VllmServing): { stop: () => Promise<readonly (number | null)[]> } {
  const versions: (number | null)[] = [];
  let isOver = false;
  const run = async (): Promise<void> => {
    while (!isOver) {
      try {
        versions.push(await answeredVersion(serving));
      } catch (error) {
        expect(ClaasError.from(error).code).toMatch(/^(serving_failed|service_overloaded|model_not_found)$/);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  };
  const running = run();
  return {
    stop: async () => {
      isOver = true;
      await running;
      return versions;
    },
  };
}

async function check(one: VllmFaultCase): Promise<void> {
  const { call, fault, sleepLevel } = one;
  const double: VllmDouble = await world.double({ restartAfterMs: RESTART_MS });
  const timeouts = { ...limitsFor(one, LIMITS), asleepMs: 30_000, unreachableMs: 10_000 };
  const serving = world.serving(double.url, { timeouts });
  await serving.publish(trained.parent);
  const client = keepAsking(serving);
  double.faults.set(call, fault);
  const reported = await serve(serving, sleepLevel);
  const isHit = await vi.waitUntil(() => double.calls.some((made) => made.call === call), { timeout: 20_000 });
  double.faults.clear();

  const served = serving.published().find(({ loraId }) => loraId === trained.source.loraId)?.version ?? null;
  expect(served).toBe(reported);
  if (served === null) await serving.publish(trained.parent);
  expect(await answeredVersion(serving)).toBe(served ?? trained.parent.version);
  const seen = await client.stop();
  expect(seen).not.toContain(null);
  expect(isHit).toBe(true);
  // Nothing stays shut: the base model answers, and the next feedback goes through, or the one after it where a busy
  // machine exceeds a limit that is short for the hanging call's sake.
  const next = (await serve(serving, 1)) === trained.source.version ? trained.source.version : await serve(serving, 1);
  expect(next).toBe(trained.source.version);
  expect(await answeredVersion(serving)).toBe(trained.source.version);
  await world.closeServer(serving);
  await world.closeServer(double);
}

// Side by side, each with a server of its own: most of their time is waiting for what never answers.
describe.concurrent('whatever goes wrong, the served adapter answers with the version that is reported', () => {
  it.each([...VLLM_FAULT_CASES, ...MORE_VLLM_FAULT_CASES])('$title', (one) => check(one), CASE_LIMIT_MS);
});
