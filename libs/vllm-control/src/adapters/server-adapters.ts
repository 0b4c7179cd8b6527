import { ClaasError } from '@claas/contracts';
import { retry } from '../http/retry.js';
import { VllmRefusalError, VllmUnreachableError } from '../http/vllm-errors.js';
import type { VllmHttp } from '../http/vllm-http.js';
import type { VllmTimeouts } from '../settings/vllm-settings.js';

/** A row of `/v1/models`. */
export interface ModelCard {
  readonly id: string;
  /** Of an adapter: its path, as it was given at load. */
  readonly root?: string | null;
  /** Null or missing for a base model. */
  readonly parent?: string | null;
  readonly max_model_len?: number | null;
}

const ATTEMPTS = 3;
const PAUSE_MS = 100;

/** The server's own list of adapters. Each change is looked up afterwards, so that it doesn't matter what words or which status a release answers with. */
export class ServerAdapters {
  constructor(
    private readonly http: VllmHttp,
    private readonly timeouts: VllmTimeouts,
  ) {}

  async list(): Promise<readonly ModelCard[]> {
    const call = { method: 'GET', path: '/v1/models', timeoutMs: this.timeouts.questionMs } as const;
    const { data } = (await this.http.askJson(call)) as { data?: readonly ModelCard[] };
    if (data === undefined)
      throw new ClaasError('serving_failed', 'The vLLM server’s list of models can’t be understood.');
    return data;
  }

  /** Makes `name` answer with the files at `path`. Loaded already: nothing. */
  async load(name: string, path: string): Promise<void> {
    if (await this.isLoaded(name, path)) return;
    await retry(() => this.loadOnce(name, path), {
      attempts: ATTEMPTS,
      pauseMs: PAUSE_MS,
      mayRetry: (error) => error instanceof VllmUnreachableError && error.reason !== 'timeout',
    });
  }

  /** Makes the server forget `name`; unknown is fine. */
  async unload(name: string): Promise<void> {
    const body = { lora_name: name };
    try {
      await this.http.ask({
        method: 'POST',
        path: '/v1/unload_lora_adapter',
        body,
        timeoutMs: this.timeouts.adapterMs,
      });
    } catch (error) {
      if (error instanceof VllmRefusalError && !(await this.list()).some(({ id }) => id === name)) return;
      throw error;
    }
  }

  async isLoaded(name: string, path: string): Promise<boolean> {
    return (await this.list()).some(({ id, root }) => id === name && (root ?? path) === path);
  }

  private async loadOnce(name: string, path: string): Promise<void> {
    const body = { lora_name: name, lora_path: path };
    let failure: ClaasError = notListed(name);
    try {
      await this.http.send({ method: 'POST', path: '/v1/load_lora_adapter', body, timeoutMs: this.timeouts.adapterMs });
    } catch (error) {
      failure = ClaasError.from(error);
    }
    // An answer that was lost, or "has already been loaded" by another process: what counts is what the server lists.
    if (failure instanceof VllmUnreachableError && failure.reason === 'refused') throw failure;
    if (await this.isLoaded(name, path)) return;
    throw failure;
  }
}

function notListed(name: string): ClaasError {
  return new ClaasError('serving_failed', `The vLLM server accepted ${name}, but doesn’t list it in /v1/models.`, {
    model: name,
  });
}
