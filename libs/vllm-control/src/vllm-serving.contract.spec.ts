import { servingControlContract } from '@claas/contracts/testing';
import type { ServingControlSubject } from '@claas/contracts/testing';
import type { VllmRelease } from '@claas/contracts/testing/vllm';
import { describe, it } from 'vitest';
import { NOT_RUN, realServer, RELEASES } from './testing/tested-servers.js';
import { trainVersion } from './testing/train-version.js';
import { VllmWorld } from './testing/vllm-world.js';

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

for (const release of RELEASES) {
  servingControlContract(`the double of vLLM ${release}`, () => againstDouble(release));
}

const real = realServer();

if (real === null) {
  console.warn(`\n*** ${NOT_RUN} ***\n`);
  describe('ServingControl: a real vLLM server', () => {
    it.skip(NOT_RUN, () => undefined);
  });
} else {
  servingControlContract(
    `the real vLLM server at ${real.url}`,
    async () => {
      const world = await VllmWorld.create();
      return {
        serving: world.serving(real.url, real.options),
        train: (loraId, feedback) => trainVersion(world.trainer, world.root, loraId, { feedback }),
        crash: () => undefined,
        close: () => world.close(),
      };
    },
    {
      'survives a crash: the next request is answered with what was published':
        'a server that somebody else started is not ours to kill',
      ...(real.isExact
        ? {}
        : {
            'never mixes two adapters that answer at the same time':
              'bfloat16 rounds differently in another batch, so that equal answers can’t be asked for; float32 is tested',
            'verifies a version by its log-probs, and sees another one in its place':
              'two versions of a small model differ less on twelve tokens than bfloat16 may round; float32 is tested',
          }),
    },
  );
}
