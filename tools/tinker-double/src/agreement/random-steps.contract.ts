import type { TensorBackend } from '@claas/tensor-backend';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AgreementWorld } from './testing/agreement-world.js';
import { randomStep } from './testing/random-step.js';

/** `CLAAS_TEST_STEPS=60 npx nx test tinker-double` takes all of the first 60; these are short ones, of every alpha. */
const SHORT = [1, 3, 8, 10];
const asked = process.env['CLAAS_TEST_STEPS'];
const NUMBERS = asked === undefined ? SHORT : Array.from({ length: Number(asked) }, (_, number) => number);

export function randomStepsContract(name: string, create: () => Promise<TensorBackend>): void {
  let world: AgreementWorld;

  beforeAll(async () => {
    if (asked === undefined)
      console.info(`${SHORT.length} random steps; CLAAS_TEST_STEPS=60 takes 60, in four minutes.`);
    world = await AgreementWorld.open(await create());
  });
  afterAll(() => world.close());

  describe(`a random step, on a Tinker service and on a trainer here, both with ${name}`, () => {
    it.each(NUMBERS.map((number) => randomStep(number)))('$name', async (step) => {
      const { seed, lesson, loraAlpha, question, settings } = step;
      const parent =
        lesson === null ? await world.newVersion(loraAlpha, seed) : await world.trainedVersion(seed, lesson);
      const { tinker, local, updateDifference } = await world.step(parent, question, settings);
      const losses = [tinker.metrics.totalLoss, local.metrics.totalLoss] as const;
      const lossDifference = Math.abs(losses[0] - losses[1]) / Math.abs(losses[1]);
      if (asked !== undefined)
        console.info(`loss ${lossDifference.toExponential(1)}, update ${updateDifference.toExponential(1)}`);
      expect(lossDifference).toBeLessThan(1e-4);
      expect(updateDifference).toBeLessThan(1e-4);
    });
  });
}
