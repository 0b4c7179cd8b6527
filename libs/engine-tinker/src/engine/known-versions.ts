import type { AdapterStore } from '@claas/contracts';
import { ADAPTER_TENSORS_FILE } from '@claas/core-model/without-tensors';
import { readVersionCheckpoint } from '../checkpoint/version-checkpoint.js';

/** What the engine needs to know of the versions that are kept. */
export interface KnownVersions {
  /** Paths of all checkpoints that some version names. */
  checkpoints(): Promise<ReadonlySet<string>>;
  /** The directory of a version with exactly these weights; null when there is none. */
  withWeights(sha256: string): Promise<string | null>;
}

/** Those of an adapter store. */
export class StoreVersions implements KnownVersions {
  constructor(private readonly store: AdapterStore) {}

  async checkpoints(): Promise<Set<string>> {
    const paths = new Set<string>();
    for (const { loraId } of await this.store.list()) {
      for (const { version } of await this.store.versions(loraId)) {
        const { directory } = await this.store.read(loraId, version);
        const checkpoint = await readVersionCheckpoint(directory);
        if (checkpoint !== null) paths.add(checkpoint.trainingPath).add(checkpoint.samplerPath);
      }
    }
    return paths;
  }

  async withWeights(sha256: string): Promise<string | null> {
    for (const { loraId } of await this.store.list()) {
      for (const { version, files } of await this.store.versions(loraId)) {
        if (!files.some((file) => file.name === ADAPTER_TENSORS_FILE && file.sha256 === sha256)) continue;
        return (await this.store.read(loraId, version)).directory;
      }
    }
    return null;
  }
}
