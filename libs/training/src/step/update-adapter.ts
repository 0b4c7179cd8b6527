import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import { LoraAdapter } from '@claas/core-model';
import type { LanguageModel } from '@claas/core-model';
import { adamWUpdate, NonFiniteLossError } from '@claas/core-sdpo';
import type { AdamWSettings, AdamWState } from '@claas/core-sdpo';
import type { GradientSum } from './gradient-sum.js';

export interface AdapterUpdate {
  /** New tensors; the old adapter stays as it was. */
  readonly adapter: LoraAdapter;
  /** In the order of the adapter's tensors. */
  readonly state: AdamWState;
  /** Before clipping. */
  readonly gradNorm: number;
  readonly clipCoefficient: number;
}

/**
 * One optimizer step: global-norm clip, then AdamW. Takes gradients and state over, so that no more than one tensor of each is there twice;
 * the adapter stays as it was.
 * @throws NonFiniteLossError when the gradients' norm is not finite
 */
export function updateAdapter(
  { config, backend }: Pick<LanguageModel, 'config' | 'backend'>,
  adapter: LoraAdapter,
  gradients: GradientSum,
  state: AdamWState,
  settings: AdamWSettings,
): AdapterUpdate {
  const keys = [...adapter.tensors.keys()];
  const update = adamWUpdate(
    keys.map((key) => adapter.tensors.get(key)!),
    keys.map((key) => gradients.tensors.get(key)!),
    state,
    settings,
    { kernel: backend.adamW, takesArguments: true },
  );
  if (update.isSkipped) {
    disposeAll([...update.parameters, ...update.state.expAvg, ...update.state.expAvgSq]);
    throw new NonFiniteLossError('The norm of the gradients');
  }
  const tensors = new Map(keys.map((key, i) => [key, update.parameters[i] as Tensor2D]));
  return {
    adapter: new LoraAdapter(config, adapter.shape, tensors),
    state: update.state,
    gradNorm: update.gradNorm,
    clipCoefficient: update.clipCoefficient,
  };
}

function disposeAll(tensors: readonly Tensor[]): void {
  for (const tensor of tensors) tensor.dispose();
}
