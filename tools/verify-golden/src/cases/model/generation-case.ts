import { generate } from '@claas/core-model';
import type { GoldenDirectory } from '../../directory/golden-directory.js';
import type { GoldenModels } from '../../models/golden-models.js';
import type { GoldenCase } from '../golden-case.js';

interface GenerationFile {
  readonly model: string;
  readonly adapter: string;
  readonly max_new_tokens: number;
  readonly eos_token_id: number | readonly number[] | null;
  readonly cases: readonly {
    readonly adapter: boolean;
    readonly prompt_ids: readonly number[];
    readonly output_ids: readonly number[];
  }[];
}

/** `generation.json`: greedy continuations, token by token the same. */
export function generationCase(directory: GoldenDirectory, models: GoldenModels, path: string): GoldenCase {
  const golden = directory.readJson<GenerationFile>(path);
  directory.claim(path);
  models.claimModel(golden.model);
  models.claimAdapter(golden.adapter);
  return {
    name: path,
    async run(comparison) {
      const model = await models.model(golden.model);
      const adapter = await models.adapter(golden.adapter, model);
      const sampling = {
        temperature: 0,
        topP: 1,
        topK: 0,
        seed: 0,
        maxTokens: golden.max_new_tokens,
        stopTokenIds: [golden.eos_token_id ?? []].flat(),
        topLogprobs: 0,
      };
      try {
        for (const [i, { adapter: isAdapted, prompt_ids, output_ids }] of golden.cases.entries()) {
          const { tokens } = await generate(model, isAdapted ? adapter : null, prompt_ids, sampling);
          comparison.exact(
            `case ${i}${isAdapted ? ' with adapter' : ''}`,
            tokens.map(({ tokenId }) => tokenId),
            output_ids,
          );
        }
      } finally {
        adapter.dispose();
      }
    },
  };
}
