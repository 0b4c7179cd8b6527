import { servingControlContract } from '@claas/contracts/testing';
import type { ServingControlSubject } from '@claas/contracts/testing';
import { VLLM_PROFILES } from '@claas/contracts/testing/vllm';
import type { VllmRelease } from '@claas/contracts/testing/vllm';
import { describe, it } from 'vitest';
import { trainVersion } from './testing/train-version.js';
import { VllmWorld } from './testing/vllm-world.js';
import { FLOAT32_TOLERANCE } from './verification/tolerance.js';

const RESTART_MS = 200;
const API_KEY = 'a key';

async function againstDouble(release: VllmRelease): Promise<ServingControlSubject> {
  const world = await VllmWorld.create();
  const double = await world.double({ release, apiKey: API_KEY });
  const serving = world.serving(double.url, { apiKey: API_KEY });
  return {
    serving,
    train: (loraId, feedback) => trainVersion(world.trainer, world.root, loraId, { feedback }),
    crash: () => {
      double.die();
      setTimeout(() => void double.restart(), RESTART_MS);
    },
    close: () => world.close(),
  };
}

for (const release of Object.keys(VLLM_PROFILES) as VllmRelease[]) {
  servingControlContract(`the double of vLLM ${release}`, () => againstDouble(release));
}

const url = process.env['VLLM_TEST_URL'] ?? '';

if (url === '') {
  const notice =
    'NOT RUN against a real vLLM server: VLLM_TEST_URL is not set. `npx nx start @claas/vllm-cpu` starts one on this CPU and says how.';
  console.warn(`\n*** ${notice} ***\n`);
  describe('ServingControl: a real vLLM server', () => {
    it.skip(notice, () => undefined);
  });
} else {
  servingControlContract(
    `the real vLLM server at ${url}`,
    async () => {
      const world = await VllmWorld.create();
      const serving = world.serving(url, {
        apiKey: process.env['VLLM_TEST_API_KEY'] ?? null,
        tolerance: FLOAT32_TOLERANCE,
        timeouts: { scoreMs: 120_000, tokenMs: 240_000 },
      });
      return {
        serving,
        train: (loraId, feedback) => trainVersion(world.trainer, world.root, loraId, { feedback }),
        crash: () => undefined,
        close: () => world.close(),
      };
    },
    {
      'survives a crash: the next request is answered with what was published':
        'a server that somebody else started is not ours to kill',
    },
  );
}
