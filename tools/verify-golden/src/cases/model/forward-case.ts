import { hiddenStates, SafetensorsFile } from '@claas/core-model';
import type { LanguageModel, LoraAdapter } from '@claas/core-model';
import type { Comparison } from '../../comparison/comparison.js';
import { within } from '../../comparison/tolerance.js';
import type { GoldenDirectory } from '../../directory/golden-directory.js';
import type { GoldenModels } from '../../models/golden-models.js';
import type { GoldenCase } from '../golden-case.js';

interface ForwardFile {
  readonly model: string;
  readonly adapter: string;
  readonly input_ids: readonly (readonly number[])[];
  readonly tolerance: { readonly logits_atol: number; readonly logprob_atol: number };
}

const REFERENCES = ['golden_float32.safetensors', 'golden_float64.safetensors'] as const;
const WITHOUT_AND_WITH_ADAPTER = ['base', 'lora'] as const;

/** `forward.json`: logits and token log-probs of whole sequences, with and without adapter. */
export function forwardCase(directory: GoldenDirectory, models: GoldenModels, path: string): GoldenCase {
  const folder = path.slice(0, path.lastIndexOf('/'));
  const golden = directory.readJson<ForwardFile>(path);
  directory.claim(path);
  for (const reference of REFERENCES) directory.claim(`${folder}/${reference}`);
  models.claimModel(golden.model);
  models.claimAdapter(golden.adapter);

  return {
    name: path,
    async run(comparison) {
      const model = await models.model(golden.model);
      const adapter = await models.adapter(golden.adapter, model);
      try {
        const computed = await computeAll(model, adapter, golden.input_ids);
        for (const reference of REFERENCES) {
          await compareWithReference(comparison, computed, golden, directory.absolute(`${folder}/${reference}`));
        }
      } finally {
        adapter.dispose();
      }
    },
  };
}

/** By the names of the reference: `logits_{base|lora}_{i}`, `logprobs_{base|lora}_{i}`. */
async function computeAll(
  model: LanguageModel,
  adapter: LoraAdapter,
  sequences: ForwardFile['input_ids'],
): Promise<Map<string, Float32Array>> {
  const computed = new Map<string, Float32Array>();
  for (const [i, tokenIds] of sequences.entries()) {
    for (const variant of WITHOUT_AND_WITH_ADAPTER) {
      const hidden = await hiddenStates(model, tokenIds, variant === 'lora' ? adapter : null);
      const logits = model.headProduct(hidden);
      const logProbabilities = model.backend.logSoftmax(logits);
      computed.set(`logits_${variant}_${i}`, Float32Array.from(await logits.data()));
      const rows = await logProbabilities.data();
      const V = model.config.vocabularySize;
      computed.set(
        `logprobs_${variant}_${i}`,
        Float32Array.from(tokenIds.slice(1), (tokenId, t) => rows[t * V + tokenId] ?? Number.NaN),
      );
      for (const tensor of [hidden, logits, logProbabilities]) tensor.dispose();
    }
  }
  return computed;
}

async function compareWithReference(
  comparison: Comparison,
  computed: ReadonlyMap<string, Float32Array>,
  { tolerance }: ForwardFile,
  path: string,
): Promise<void> {
  const reference = path.includes('float64') ? 'float64' : 'float32';
  const file = await SafetensorsFile.open(path);
  try {
    const unknown = [...file.header.entries.keys()].filter((name) => !computed.has(name));
    if (unknown.length > 0) comparison.miss(reference, `tensors that nothing is compared with: ${unknown.join(', ')}`);
    for (const [name, values] of computed) {
      const atol = name.startsWith('logits') ? tolerance.logits_atol : tolerance.logprob_atol;
      comparison.numbers(`${reference} ${name}`, values, await file.readFloat64(name), within(atol));
    }
  } finally {
    await file.close();
  }
}
