import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { VllmHttpError } from './http-error.js';
import type { ModelBackend } from './model-backend.js';
import { AdapterRefusedError, readPeftDirectory } from './peft-directory.js';
import type { VllmProfile } from './vllm-profile.js';

interface LoadedLora {
  readonly path: string;
  /** The server's own copy of the files, as they were at load. */
  copy: string;
}

/** The adapters that a server knows by name, and what each name really answers with. */
export class LoraRegistry {
  private readonly loaded = new Map<string, LoadedLora>();
  /** What the prefix cache of releases that know adapters by name alone goes on answering with. */
  private cachedByName = new Map<string, string>();
  /** The next load answers with the files of the one before it: what a server with a mixed-up cache does. */
  mixesUpNextLoad = false;

  constructor(
    private readonly root: string,
    private readonly backend: ModelBackend,
    private readonly profile: VllmProfile,
    private readonly maxRank: number,
  ) {}

  list(): readonly { readonly name: string; readonly path: string }[] {
    return [...this.loaded].map(([name, { path }]) => ({ name, path }));
  }

  has(name: string): boolean {
    return this.loaded.has(name);
  }

  async load(name: unknown, path: unknown): Promise<string> {
    if (typeof name !== 'string' || typeof path !== 'string') {
      throw new VllmHttpError(
        400,
        'Bad Request',
        "1 validation error:\n  {'type': 'missing', 'loc': ('body', 'lora_name')}",
      );
    }
    if (name === '' || path === '') {
      throw new VllmHttpError(400, 'InvalidUserInput', "Both 'lora_name' and 'lora_path' must be provided.");
    }
    if (this.loaded.has(name)) {
      throw new VllmHttpError(
        400,
        'InvalidUserInput',
        `The lora adapter '${name}' has already been loaded. If you want to load the adapter in place, set 'load_inplace' to True.`,
      );
    }
    const before = [...this.loaded.values()].at(-1);
    const copy = await this.read(name, path);
    this.loaded.set(name, { path, copy: this.mixesUpNextLoad ? (before?.copy ?? copy) : copy });
    this.mixesUpNextLoad = false;
    return `Success: LoRA adapter '${name}' added successfully.`;
  }

  unload(name: unknown): string {
    if (typeof name !== 'string' || name === '') {
      throw new VllmHttpError(400, 'InvalidUserInput', "'lora_name' needs to be provided to unload a LoRA adapter.");
    }
    if (!this.loaded.delete(name)) {
      throw new VllmHttpError(404, 'NotFoundError', `The lora adapter '${name}' cannot be found.`);
    }
    return `Success: LoRA adapter '${name}' removed successfully.`;
  }

  /** The files that answer for `name`; with `fromCache`, what a cached prefix may be from. */
  directory(name: string, fromCache: boolean): string {
    const lora = this.loaded.get(name);
    if (lora === undefined) {
      throw new VllmHttpError(404, 'NotFoundError', `The model \`${name}\` does not exist.`, 'model');
    }
    if (!fromCache || this.profile.cacheKnowsPath) return lora.copy;
    const cached = this.cachedByName.get(name) ?? lora.copy;
    this.cachedByName.set(name, cached);
    return cached;
  }

  clearCache(): void {
    this.cachedByName = new Map();
  }

  /** The weights were read again: adapters come back from their paths, which must still be there. */
  async readAgain(): Promise<void> {
    for (const [name, lora] of this.loaded) lora.copy = await this.read(name, lora.path);
  }

  private async read(name: string, path: string): Promise<string> {
    const copy = join(this.root, randomUUID());
    try {
      await readPeftDirectory(path, copy, this.maxRank, this.backend);
    } catch (error) {
      if (!(error instanceof AdapterRefusedError)) throw error;
      if (error.isMissing)
        throw new VllmHttpError(404, 'NotFoundError', `Loading lora ${name} failed: ${error.message}`);
      throw new VllmHttpError(this.profile.badAdapterStatus, this.profile.badAdapterType, error.message);
    }
    return copy;
  }
}
