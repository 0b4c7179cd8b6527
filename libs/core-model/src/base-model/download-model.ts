import { BaseModelUnavailableError } from './base-model-unavailable-error.js';
import { downloadBlob } from './download-blob.js';
import type { HubCache } from './hub-cache.js';
import { HubClient, type HubFile } from './hub-client.js';
import { isSmallModelFile, shardsOfIndex, WEIGHTS_FILE, WEIGHTS_INDEX_FILE } from './model-files.js';

export interface DownloadProgress {
  /** The file that is being downloaded. */
  readonly file: string;
  /** Of all files, on disk. */
  readonly loadedBytes: number;
  readonly totalBytes: number;
}

export interface DownloadModelOptions {
  readonly endpoint: string;
  readonly token: string | null;
  readonly revision: string;
  readonly weights: boolean;
  readonly onProgress?: (progress: DownloadProgress) => void;
  readonly signal?: AbortSignal;
  readonly retryDelayMilliseconds: number;
}

/**
 * Downloads the files of a model that are needed into the cache; what is there already, whole or in part, isn't fetched again.
 * @returns the snapshot's directory
 * @throws BaseModelUnavailableError
 */
export async function downloadModel(modelId: string, cache: HubCache, options: DownloadModelOptions): Promise<string> {
  const client = new HubClient(modelId, options);
  const commit = await client.commitOf(options.revision);
  const listed = await client.files(commit);
  await cache.prepare(commit);

  const index = listed.find((file) => file.path === WEIGHTS_INDEX_FILE);
  const single = listed.find((file) => file.path === WEIGHTS_FILE);
  const small = listed.filter((file) => isSmallModelFile(file.path));
  if (options.weights && single === undefined && index !== undefined) {
    small.push(index);
    await fetchFiles([index], index.bytes);
  }
  const weights = !options.weights ? [] : single !== undefined ? [single] : await shards();
  const files = [...small, ...weights];
  await fetchFiles(
    files,
    files.reduce((sum, file) => sum + file.bytes, 0),
  );
  await cache.setCommit(options.revision, commit);
  return cache.snapshotDirectory(commit);

  async function shards(): Promise<HubFile[]> {
    const names = index === undefined ? null : await shardsOfIndex(cache.blobPath(index.hash));
    if (names === null) throw incomplete(`${WEIGHTS_FILE} or ${WEIGHTS_INDEX_FILE}`);
    return names.map((name) => {
      const file = listed.find(({ path }) => path === name);
      if (file === undefined) throw incomplete(name);
      return file;
    });
  }

  function incomplete(missing: string): BaseModelUnavailableError {
    const explanation = `the hub has no ${missing} of it. Choose a model with weights in safetensors files.`;
    return new BaseModelUnavailableError(modelId, 'incomplete', explanation);
  }

  async function fetchFiles(files: readonly HubFile[], totalBytes: number): Promise<void> {
    let loadedBytes = 0;
    for (const file of files) {
      const report = (bytes: number): void => {
        options.onProgress?.({ file: file.path, loadedBytes: loadedBytes + bytes, totalBytes });
      };
      if (!(await cache.hasBlob(file.hash, file.bytes))) {
        const path = cache.blobPath(file.hash);
        await downloadBlob(client, modelId, commit, file, path, { ...options, onProgress: report });
      }
      await cache.link(commit, file.path, file.hash);
      report(file.bytes);
      loadedBytes += file.bytes;
    }
  }
}
