import { basename } from 'node:path';
import { ENGINE_FOLDER } from '../sandbox/sandbox-settings.js';
import { directoryDigest, filesIn } from './directory-digest.js';
import type { VolumeTransfer } from './volume-transfer.js';

/**
 * Where the trainer finds the base model. One of the hub is fetched by the trainer itself into the Volume, once; a local directory
 * is put there, by its content, before a Sandbox is rented.
 */
export class BaseModelFiles {
  private located: Promise<{ readonly path: string; readonly names: readonly string[] }> | null = null;

  constructor(
    /** A local directory, or a Hugging Face id. */
    private readonly model: { readonly directory: string } | { readonly hubId: string },
    private readonly transfer: VolumeTransfer,
  ) {}

  /** As the trainer's `load` takes it. */
  async modelDirectory(): Promise<string> {
    return 'hubId' in this.model ? this.model.hubId : `./${(await this.locate(this.model.directory)).path}`;
  }

  /** Puts the model on the Volume unless it is there. */
  async provide(): Promise<void> {
    if ('hubId' in this.model) return;
    const { directory } = this.model;
    const { path, names } = await this.locate(directory);
    const present = await this.transfer.list(path);
    const missing = names.filter((name) => !present.includes(name));
    if (missing.length > 0) await this.transfer.upload(directory, missing, path);
  }

  private locate(directory: string): Promise<{ readonly path: string; readonly names: readonly string[] }> {
    this.located ??= (async () => {
      const names = await filesIn(directory);
      const digest = await directoryDigest(directory, names);
      return { path: `${ENGINE_FOLDER}/models/${basename(directory)}-${digest}`, names };
    })();
    return this.located;
  }
}
