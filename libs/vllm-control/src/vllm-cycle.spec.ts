import { DEFAULT_TRAINING_SETTINGS } from '@claas/contracts';
import type { ExpectedLogprobs, Verification } from '@claas/contracts';
import { VLLM_PROFILES } from '@claas/contracts/testing/vllm';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { RELEASES, realServer } from './testing/tested-servers.js';
import { initialVersion, trainVersion } from './testing/train-version.js';
import type { Trained } from './testing/train-version.js';
import { VllmWorld } from './testing/vllm-world.js';
import type { VllmServing } from './vllm-serving.js';

const LIMIT_MS = 300_000;

let world: VllmWorld;
/** Three versions of one adapter: steps of the usual size. */
let first: Trained;
let second: Trained;

beforeAll(async () => {
  world = await VllmWorld.create();
  const wish = { learningRate: DEFAULT_TRAINING_SETTINGS.learningRate, steps: 1 };
  const initial = await initialVersion(world.trainer, world.root, `cycle/${process.pid}`);
  first = await trainVersion(world.trainer, world.root, 'cycle', { ...wish, parent: initial, feedback: 'Say Paris!' });
  second = await trainVersion(world.trainer, world.root, 'cycle', { ...wish, parent: first.source, steps: 4 });
}, LIMIT_MS);
afterEach(() => world.closeServers());
afterAll(() => world.close());

function expected({ result }: Trained): ExpectedLogprobs {
  const { promptTokenIds, responseTokenIds } = result.rollout;
  const { responseLogprobs: logprobs, parentResponseLogprobs: parentLogprobs } = result;
  return { promptTokenIds, responseTokenIds, logprobs, parentLogprobs };
}

/** Drain, sleep, wake, publish and verify, as a feedback does. */
async function learn(serving: VllmServing, trained: Trained, level: 1 | 2): Promise<Verification> {
  await serving.drain({ timeoutMs: 30_000 });
  await serving.release({ level });
  expect((await serving.health()).details).toMatchObject({ sleeping: true, holds_requests: true });
  const waiting = serving.score({ kind: 'adapter', loraId: trained.source.loraId }, question(trained));
  await serving.restore();
  expect((await waiting).logprobs).toHaveLength(trained.result.rollout.responseTokenIds.length);
  await serving.publish(trained.source);
  const verification = await serving.verify(trained.source, expected(trained));
  expect(verification.verified).toBe(true);
  expect(verification.expectedDifference).toBeGreaterThan(0);
  return verification;
}

function question({ result: { rollout } }: Trained) {
  return {
    prompt: { kind: 'tokens' as const, tokenIds: rollout.promptTokenIds },
    completion: { tokenIds: rollout.responseTokenIds },
  };
}

async function cycle(serving: VllmServing, levels: readonly [1 | 2, 1 | 2]): Promise<readonly Verification[]> {
  await serving.publish(first.parent);
  const verifications = [await learn(serving, first, levels[0]), await learn(serving, second, levels[1])];
  await serving.settled();
  expect(serving.published()).toEqual([{ loraId: first.source.loraId, version: 2 }]);
  // A version that isn't the trainer's is seen, also when the steps were small.
  const stale = await serving.verify(second.source, {
    ...expected(second),
    logprobs: expected(second).logprobs.map((x) => x - 2),
  });
  expect(stale.verified).toBe(false);
  return verifications;
}

describe.each(RELEASES)('the cycle of a feedback with the double of vLLM %s', (release) => {
  it(
    'ends with the new version verified, and one name at the server',
    async () => {
      const double = await world.double({ release });
      await cycle(world.serving(double.url), [1, 2]);
      expect(double.adapters).toHaveLength(1);
      expect(double.adapters[0]?.path).toBe(second.source.directory);
      // Level 2 only where the server comes back from it.
      const canReload = VLLM_PROFILES[release].reloadsWeightsWithLora;
      const sleeps = double.calls.filter(({ call }) => call === 'sleep').map(({ path }) => path);
      expect(sleeps).toEqual(['/sleep?level=1&mode=wait', `/sleep?level=${canReload ? 2 : 1}&mode=wait`]);
      expect(double.orders().filter((call) => call === 'reload_weights')).toHaveLength(canReload ? 1 : 0);
    },
    LIMIT_MS,
  );
});

const real = realServer();
describe.skipIf(real === null)('the cycle of a feedback with a real vLLM server', () => {
  it(
    'ends with the new version verified',
    async () => {
      if (real === null) return;
      const serving = world.serving(real.url, real.options);
      const verifications = await cycle(serving, [1, 2]);
      console.info('The server’s log-probs against the trainer’s:', verifications);
      await serving.retract(first.source.loraId);
    },
    LIMIT_MS,
  );
});
