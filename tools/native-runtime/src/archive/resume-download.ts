import { statSync } from 'node:fs';
import { open, readFile, rename, rm, writeFile } from 'node:fs/promises';

export interface DownloadOptions {
  readonly timeoutMs: number;
  /** Ends the download when nothing arrives for so long. */
  readonly stallMs: number;
  readonly onBytes: (done: number, total: number | null) => void;
}

/**
 * Downloads `url` to `file`. What arrived is in `<file>.part` until all is there; a later call goes on from it when the
 * server still has the same version (its ETag, in `<file>.etag`).
 * @throws Error with a clause for people
 */
export async function resumeDownload(url: string, file: string, options: DownloadOptions): Promise<void> {
  const part = `${file}.part`;
  const versionFile = `${file}.etag`;
  const version = await readFile(versionFile, 'utf8').catch(() => '');
  const before = version === '' ? 0 : (statSync(part, { throwIfNoEntry: false })?.size ?? 0);

  const limit = AbortSignal.timeout(options.timeoutMs);
  const stall = new AbortController();
  const timer = setTimeout(() => {
    stall.abort(new Error(`nothing arrived for ${Math.round(options.stallMs / 1000)} s`));
  }, options.stallMs);
  const signal = AbortSignal.any([limit, stall.signal]);
  try {
    const headers: Record<string, string> = before > 0 ? { Range: `bytes=${before}-`, 'If-Range': version } : {};
    const response = await fetch(url, { headers, signal });
    if (response.status === 416) {
      await rm(part, { force: true });
      throw new Error('the server refuses to go on with a download; the next attempt begins anew');
    }
    if (!response.ok || response.body === null) throw new Error(`the server answers ${response.status}`);
    const goesOn = response.status === 206;
    const start = goesOn ? before : 0;
    await writeFile(versionFile, strongVersion(response));
    const length = response.headers.get('content-length');
    const total = length === null ? null : start + Number(length);
    let done = start;
    const target = await open(part, goesOn ? 'a' : 'w');
    try {
      // Written piece by piece: what has arrived stays when the connection breaks.
      for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
        await target.writeFile(chunk);
        done += chunk.length;
        timer.refresh();
        options.onBytes(done, total);
      }
    } finally {
      await target.close();
    }
    if (total !== null && done !== total) throw new Error(`only ${done} of ${total} bytes arrived`);
    await rename(part, file);
    await rm(versionFile, { force: true });
  } catch (error) {
    throw new Error(reasonOf(error, signal, options), { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

/** Only a strong ETag promises the same bytes. */
function strongVersion(response: Response): string {
  const version = response.headers.get('etag') ?? '';
  return version.startsWith('W/') ? '' : version;
}

function reasonOf(error: unknown, signal: AbortSignal, options: DownloadOptions): string {
  if (signal.aborted) {
    const reason: unknown = signal.reason;
    if (reason instanceof Error && reason.name !== 'TimeoutError') return reason.message;
    return `it took longer than ${Math.round(options.timeoutMs / 1000)} s`;
  }
  if (!(error instanceof Error)) return String(error);
  // fetch says "fetch failed" and keeps the reason in its cause.
  return error.cause instanceof Error ? error.cause.message : error.message;
}
