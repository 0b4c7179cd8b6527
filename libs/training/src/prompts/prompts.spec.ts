import { expect, it } from 'vitest';
import * as light from '../without-tensors.js';
import * as prompts from './index.js';

/** TensorFlow.js keeps its engine here as soon as it is loaded. */
const tensorEngine = (): unknown => (globalThis as { _tfengine?: unknown })._tfengine;

it('are usable without TensorFlow.js, by engines that compute elsewhere', async () => {
  expect(prompts.DEFAULT_TEACHER_TEMPLATE).toContain('{feedback}');
  expect(light.prepareRollout).toBeTypeOf('function');
  expect(tensorEngine()).toBeUndefined();
  await import('@tensorflow/tfjs-core');
  expect(tensorEngine()).toBeDefined();
});
