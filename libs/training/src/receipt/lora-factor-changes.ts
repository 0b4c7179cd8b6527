import { adapterKey } from '@claas/core-model';
import type { LanguageModel, LoraAdapter } from '@claas/core-model';
import type { LoraFactors, LoraFactorsChange } from './adapter-change.js';

/** Every module's factors in two versions of an adapter. */
export function loraFactorChanges(before: LoraAdapter, after: LoraAdapter): LoraFactorsChange[] {
  const keysOfA = [...before.tensors.keys()].filter((key) => key.endsWith('.lora_A.weight'));
  return keysOfA.map((keyOfA) => ({ before: factors(before, keyOfA), after: factors(after, keyOfA) }));
}

/**
 * Frobenius norm of the frozen weights that the adapter changes. Weights that share an input lie stacked in one matrix,
 * whose norm is only known as a whole: where an adapter has some modules of a stack, the whole stack counts.
 */
export function frozenNorm(model: LanguageModel, { tensors }: LoraAdapter): number {
  let squared = 0;
  for (const [layer, { groups }] of model.layers.entries()) {
    for (const { matrix, modules } of Object.values(groups)) {
      if (modules.some(({ module }) => tensors.has(adapterKey(layer, module, 'A')))) squared += matrix.squaredNorm;
    }
  }
  return Math.sqrt(squared);
}

function factors({ tensors }: LoraAdapter, keyOfA: string): LoraFactors {
  return { A: tensors.get(keyOfA)!, B: tensors.get(keyOfA.replace('.lora_A.', '.lora_B.'))! };
}
