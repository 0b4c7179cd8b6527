import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rename, stat, truncate, unlink } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { BaseModelUnavailableError } from './base-model-unavailable-error.js';
import type { HubClient, HubFile } from './hub-client.js';

export interface DownloadBlobOptions {
  /** Told of the bytes of this file that are on disk; may go back when a part turns out to be useless. */
  readonly onProgress: (bytes: number) => void;
  readonly signal?: AbortSignal;
  /** Wait before the first new attempt; doubles each time. */
  readonly retryDelayMilliseconds: number;
}

/** Attempts in a row that may bring nothing. */
const MAX_FRUITLESS_ATTEMPTS = 5;

/**
 * Downloads one file to `path`, by way of `path.incomplete`, which a later attempt or run continues with an HTTP range.
 * The content is checked by size and hash before it gets its name.
 * @throws BaseModelUnavailableError when the hub refuses, can't be reached, or sends something else than it announced
 */
export async function downloadBlob(
  client: HubClient,
  modelId: string,
  commit: string,
  file: HubFile,
  path: string,
  options: DownloadBlobOptions,
): Promise<void> {
  const incomplete = `${path}.incomplete`;
  let fruitless = 0;
  let damaged = false;
  for (;;) {
    const before = await sizeOf(incomplete);
    const failure = await continueDownload(client, commit, file, incomplete, options);
    options.signal?.throwIfAborted();
    const after = await sizeOf(incomplete);
    if (failure === null && after === file.bytes) {
      if ((await hashOf(incomplete, file)) === file.hash) {
        await rename(incomplete, path);
        return;
      }
      await unlink(incomplete);
      if (damaged) {
        const explanation = `${file.path} arrived twice with another content than the hub announces. Try again later.`;
        throw new BaseModelUnavailableError(modelId, 'damaged', explanation);
      }
      damaged = true;
      continue;
    }
    fruitless = after > before ? 0 : fruitless + 1;
    if (fruitless >= MAX_FRUITLESS_ATTEMPTS) {
      throw failure instanceof BaseModelUnavailableError ? failure : client.offlineError(failure);
    }
    await wait(options.retryDelayMilliseconds * 2 ** fruitless, undefined, { signal: options.signal });
  }
}

/** Fetches what is missing. Null when the answer ended by itself; otherwise why it did not. */
async function continueDownload(
  client: HubClient,
  commit: string,
  file: HubFile,
  incomplete: string,
  options: DownloadBlobOptions,
): Promise<unknown> {
  let start = await sizeOf(incomplete);
  if (start > file.bytes) {
    await truncate(incomplete, 0);
    start = 0;
  }
  if (start === file.bytes && start > 0) return null;
  try {
    const response = await client.content(commit, file, start);
    if (response.status === 416 || (response.status === 206 && rangeStart(response) !== start)) {
      await response.body?.cancel();
      await truncate(incomplete, 0);
      return new Error(`The hub can't continue ${file.path} at byte ${start}`);
    }
    const offset = response.status === 206 ? start : 0;
    await writeBody(response, incomplete, offset, file.bytes, options);
    return null;
  } catch (error) {
    const final = error instanceof BaseModelUnavailableError && error.reason !== 'hub_failed';
    if (final || isDiskError(error)) throw error;
    return error;
  }
}

async function writeBody(
  response: Response,
  incomplete: string,
  offset: number,
  expectedBytes: number,
  options: DownloadBlobOptions,
): Promise<void> {
  const handle = await open(incomplete, offset === 0 ? 'w' : 'r+');
  try {
    let position = offset;
    for await (const chunk of response.body ?? []) {
      const bytes = chunk as Uint8Array;
      if (position + bytes.byteLength > expectedBytes) throw new Error('The hub sends more than it announced');
      for (let done = 0; done < bytes.byteLength;) {
        done += (await handle.write(bytes, done, bytes.byteLength - done, position + done)).bytesWritten;
      }
      position += bytes.byteLength;
      options.onProgress(position);
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** First byte of a 206 answer: `Content-Range: bytes 100-199/200`. */
function rangeStart(response: Response): number | null {
  const match = /^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '');
  return match === null ? null : Number(match[1]);
}

async function hashOf(path: string, file: HubFile): Promise<string> {
  const hash: Hash =
    file.hashKind === 'sha256' ? createHash('sha256') : createHash('sha1').update(`blob ${file.bytes}\0`);
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch {
    return 0;
  }
}

/** A full or read-only disk: trying again doesn't help. */
function isDiskError(error: unknown): boolean {
  const { code, syscall } = error as NodeJS.ErrnoException;
  return (
    syscall !== undefined && ['ENOSPC', 'EDQUOT', 'EROFS', 'EACCES', 'EPERM', 'EIO', 'ENOENT'].includes(code ?? '')
  );
}
