import { tensor2d } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { AdapterTensors, LoraAdapter, OptimizerState } from '@claas/core-model';
import { adamWInit } from '@claas/core-sdpo';
import type { AdamWState } from '@claas/core-sdpo';

/** The optimizer's state as tensors, in the order of the adapter's; fresh where the version has none. The caller's to dispose. */
export function optimizerTensors(adapter: LoraAdapter, stored: OptimizerState | null): AdamWState {
  if (stored === null) return adamWInit([...adapter.tensors.values()]);
  const moment = (which: 'first' | 'second'): Tensor[] =>
    [...adapter.tensors].map(([key, { shape }]) => tensor2d(stored.moments.get(key)![which], shape));
  return { step: stored.stepCount, expAvg: moment('first'), expAvgSq: moment('second') };
}

/** The same read back, for `optimizer.safetensors`. */
export async function readOptimizerTensors(
  adapter: Pick<AdapterTensors, 'tensors'>,
  state: AdamWState,
): Promise<OptimizerState> {
  const moments = new Map<string, { first: Float32Array; second: Float32Array }>();
  for (const [i, key] of [...adapter.tensors.keys()].entries()) {
    const first = Float32Array.from(await state.expAvg[i]!.data<'float32'>());
    const second = Float32Array.from(await state.expAvgSq[i]!.data<'float32'>());
    moments.set(key, { first, second });
  }
  return { stepCount: state.step, moments };
}

export function disposeOptimizerTensors({ expAvg, expAvgSq }: AdamWState): void {
  for (const tensor of [...expAvg, ...expAvgSq]) tensor.dispose();
}
