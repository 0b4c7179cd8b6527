import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { BaseModelUnavailableError } from './base-model-unavailable-error.js';
import { downloadModel, type DownloadProgress } from './download-model.js';
import { HubCache } from './hub-cache.js';
import { isCompleteModel } from './model-files.js';

export interface LocateBaseModelOptions {
  /** Where Hugging Face tools keep models: `hubCacheDirectory(process.env)`. */
  readonly cacheDirectory: string;
  /** The hub, or a mirror (`HF_ENDPOINT`). */
  readonly endpoint?: string;
  /** `HF_TOKEN`; sent to the endpoint only and never part of a message. */
  readonly token?: string | null;
  /** Branch, tag or commit. */
  readonly revision?: string;
  /** False where the weights are elsewhere: config, tokenizer and template are then all that is looked for. */
  readonly weights?: boolean;
  /** Use only what is here (`HF_HUB_OFFLINE`). */
  readonly offline?: boolean;
  readonly onProgress?: (progress: DownloadProgress) => void;
  readonly signal?: AbortSignal;
  /** Wait before a failed download is tried again; doubles each time. */
  readonly retryDelayMilliseconds?: number;
}

/** `name` or `organisation/name`, as the hub allows them. */
const MODEL_ID = /^[A-Za-z0-9_][\w.-]*(\/[A-Za-z0-9_][\w.-]*)?$/;

/**
 * The directory of a base model: the given one, or that of a Hugging Face id, from the cache or downloaded into it.
 * The cache is laid out as the Python tools do it, and is theirs too.
 * @throws BaseModelUnavailableError saying what to do
 */
export async function locateBaseModel(idOrDirectory: string, options: LocateBaseModelOptions): Promise<string> {
  if (await isDirectory(idOrDirectory)) return resolve(idOrDirectory);
  if (!MODEL_ID.test(idOrDirectory) || idOrDirectory.includes('..')) {
    const explanation = 'there is no such directory, and it is no Hugging Face id (organisation/name).';
    throw new BaseModelUnavailableError(idOrDirectory, 'not_an_id', explanation);
  }

  const { revision = 'main', weights = true } = options;
  const cache = new HubCache(options.cacheDirectory, idOrDirectory);
  const commit = await cache.commitOf(revision);
  if (commit !== null) {
    const directory = cache.snapshotDirectory(commit);
    if (await isCompleteModel(directory, { weights })) return directory;
  }
  if (options.offline === true) {
    const explanation = `it isn't (completely) in ${options.cacheDirectory}, and HF_HUB_OFFLINE forbids to download it.`;
    throw new BaseModelUnavailableError(idOrDirectory, 'offline', explanation);
  }
  return downloadModel(idOrDirectory, cache, {
    ...options,
    endpoint: options.endpoint ?? 'https://huggingface.co',
    token: options.token ?? null,
    revision,
    weights,
    retryDelayMilliseconds: options.retryDelayMilliseconds ?? 1000,
  });
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}
