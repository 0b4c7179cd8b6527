import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readVersionCheckpoint } from '../checkpoint/version-checkpoint.js';
import type { KnownVersions } from '../engine/known-versions.js';

/** Versions as a test lists them. */
export class ListedVersions implements KnownVersions {
  readonly directories = new Set<string>();

  async checkpoints(): Promise<ReadonlySet<string>> {
    const paths = new Set<string>();
    for (const directory of this.directories) {
      const checkpoint = await readVersionCheckpoint(directory);
      if (checkpoint !== null) paths.add(checkpoint.trainingPath).add(checkpoint.samplerPath);
    }
    return paths;
  }

  async withWeights(sha256: string): Promise<string | null> {
    for (const directory of this.directories) {
      const weights = await readFile(join(directory, 'adapter_model.safetensors'));
      if (createHash('sha256').update(weights).digest('hex') === sha256) return directory;
    }
    return null;
  }
}
