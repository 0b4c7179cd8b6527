import { join } from 'node:path';
import { modelDirectoryError } from '../errors/model-directory-error.js';
import { JsonFields } from './json-fields.js';

/** What a model's makers recommend for sampling; null where they say nothing. */
export interface GenerationDefaults {
  readonly doSample: boolean | null;
  readonly temperature: number | null;
  readonly topK: number | null;
  readonly topP: number | null;
  /** Tokens that end an answer, best first; empty when the file doesn't say. */
  readonly eosTokenIds: readonly number[];
}

/**
 * Reads `generation_config.json`; all null when there is none.
 * @throws ModelDirectoryError for bad JSON or a field of the wrong type
 */
export async function readGenerationDefaults(directory: string): Promise<GenerationDefaults> {
  const file = join(directory, 'generation_config.json');
  const fields = await JsonFields.readIfPresent(file, modelDirectoryError);
  if (fields === null) return { doSample: null, temperature: null, topK: null, topP: null, eosTokenIds: [] };
  return {
    doSample: fields.optionalBoolean('do_sample'),
    temperature: fields.optionalNumber('temperature'),
    topK: fields.optionalNumber('top_k'),
    topP: fields.optionalNumber('top_p'),
    eosTokenIds: fields.tokenIds('eos_token_id'),
  };
}
