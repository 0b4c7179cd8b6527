import { BaseModelUnavailableError } from './base-model-unavailable-error.js';

/** One file of a repository on the hub. */
export interface HubFile {
  readonly path: string;
  readonly bytes: number;
  /** Name of its blob in the cache, and what its content is checked with. */
  readonly hash: string;
  /** `sha256` of the content (large files), or `git`: SHA-1 of the content with git's header. */
  readonly hashKind: 'sha256' | 'git';
}

export interface HubClientOptions {
  /** `https://huggingface.co`, or a mirror. */
  readonly endpoint: string;
  readonly token: string | null;
  readonly signal?: AbortSignal;
}

/** What the hub says of one model, and its files' contents; failures become errors that say what to do. */
export class HubClient {
  private readonly endpoint: string;

  constructor(
    private readonly modelId: string,
    private readonly options: HubClientOptions,
  ) {
    this.endpoint = options.endpoint.replace(/\/+$/, '');
  }

  /** The commit that a branch or tag stands for now. */
  async commitOf(revision: string): Promise<string> {
    const { modelInfo } = await import('@huggingface/hub');
    const info = await this.explained(() =>
      modelInfo({
        name: this.modelId,
        revision,
        additionalFields: ['sha'],
        hubUrl: this.endpoint,
        fetch: this.authorizedFetch,
      }),
    );
    const commit: unknown = info.sha;
    if (typeof commit === 'string' && /^[0-9a-f]{40}$/.test(commit)) return commit;
    throw new BaseModelUnavailableError(
      this.modelId,
      'hub_failed',
      `${this.endpoint} names no commit for ${revision}.`,
    );
  }

  /** The files at the top of a commit. */
  async files(commit: string): Promise<HubFile[]> {
    const { listFiles } = await import('@huggingface/hub');
    return this.explained(async () => {
      const files: HubFile[] = [];
      const repo = { type: 'model', name: this.modelId } as const;
      for await (const entry of listFiles({
        repo,
        revision: commit,
        hubUrl: this.endpoint,
        fetch: this.authorizedFetch,
      })) {
        const hash = entry.lfs?.oid ?? entry.oid;
        // Names and hashes become paths here, so only those that can be nothing else pass.
        if (entry.type !== 'file' || !/^[\w.-]+$/.test(entry.path) || !/^[0-9a-f]{40,64}$/.test(hash ?? '')) continue;
        const hashKind = entry.lfs === undefined ? 'git' : 'sha256';
        files.push({ path: entry.path, bytes: entry.lfs?.size ?? entry.size, hash: hash!, hashKind });
      }
      return files;
    });
  }

  /** A file's content from byte `start` on; the answer may begin at 0 all the same (status 200 instead of 206). */
  async content(commit: string, file: HubFile, start: number): Promise<Response> {
    const url = `${this.endpoint}/${this.modelId}/resolve/${commit}/${encodeURIComponent(file.path)}`;
    const headers = start > 0 ? { Range: `bytes=${start}-` } : undefined;
    const response = await this.authorizedFetch(url, { headers });
    if (response.ok || response.status === 416) return response;
    await response.body?.cancel();
    throw this.statusError(response.status, undefined);
  }

  /** The token goes to the hub only: fetch drops it when a redirect leads to another origin. */
  private readonly authorizedFetch: typeof fetch = (input, init) => {
    const headers = new Headers(init?.headers);
    if (this.options.token !== null) headers.set('Authorization', `Bearer ${this.options.token}`);
    return fetch(input, { ...init, headers, signal: this.options.signal ?? null });
  };

  private async explained<T>(request: () => Promise<T>): Promise<T> {
    try {
      return await request();
    } catch (error) {
      if (error instanceof BaseModelUnavailableError || this.options.signal?.aborted) throw error;
      const { HubApiError } = await import('@huggingface/hub');
      if (error instanceof HubApiError) throw this.statusError(error.statusCode, error);
      throw this.offlineError(error);
    }
  }

  /** No answer at all. */
  offlineError(cause: unknown): BaseModelUnavailableError {
    const explanation =
      `it isn't in the cache and ${this.endpoint} can't be reached. ` +
      'Check the network (or HF_ENDPOINT), or give the directory of a downloaded model.';
    return new BaseModelUnavailableError(this.modelId, 'offline', explanation, { cause });
  }

  private statusError(status: number, cause: unknown): BaseModelUnavailableError {
    const make = (reason: BaseModelUnavailableError['reason'], explanation: string): BaseModelUnavailableError =>
      new BaseModelUnavailableError(this.modelId, reason, explanation, { cause });
    const page = `${this.endpoint}/${this.modelId}`;
    if (status === 401) {
      return this.options.token === null
        ? make('unauthorized', 'the hub wants a token, or there is no such model. Check the id, or set HF_TOKEN.')
        : make('unauthorized', 'the hub refuses the token. Check HF_TOKEN.');
    }
    if (status === 403) {
      return make('forbidden', `access is restricted. Accept its terms at ${page} with the account of HF_TOKEN.`);
    }
    if (status === 404) return make('not_found', `the hub has no such model, revision or file. Look at ${page}.`);
    return make('hub_failed', `the hub answered with status ${status}. Try again later.`);
  }
}
