import { ClaasError } from '@claas/contracts';
import { hubCacheDirectory, locateBaseModel } from '@claas/core-model/without-tensors';
import { asClaasError } from '@claas/training/without-tensors';
import { TextModel } from './text-model.js';

export interface TextModelPlace {
  /** A directory, or a Hugging Face id. */
  readonly idOrDirectory: string;
  /** The variables that say where the hub's cache is, and whether it may be added to. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly endpoint: string;
  readonly token: string | null;
}

/** Tokenizer and template of a base model, downloaded where they aren't here; no weights. @throws ClaasError `base_model_invalid` */
export async function locateTextModel({ idOrDirectory, environment, ...hub }: TextModelPlace): Promise<TextModel> {
  try {
    const directory = await locateBaseModel(idOrDirectory, {
      ...hub,
      cacheDirectory: hubCacheDirectory(environment),
      offline: /^(1|on|yes|true)$/i.test(environment['HF_HUB_OFFLINE'] ?? ''),
      weights: false,
    });
    return await TextModel.load(directory);
  } catch (error) {
    const { message } = asClaasError(error);
    throw new ClaasError(
      'base_model_invalid',
      `The tokenizer of ${idOrDirectory} (CLAAS_TINKER_BASE_MODEL) can't be used: ${message}`,
      {},
      { cause: error },
    );
  }
}
