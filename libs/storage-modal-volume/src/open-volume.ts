import type { ModalClient } from 'modal';
import { join } from 'node:path';
import { VersionCache } from './cache/version-cache.js';
import { VolumeFiles } from './files/volume-files.js';
import { AdapterHeads } from './head/adapter-heads.js';
import { MakerNames } from './layout/maker-names.js';
import { AdapterNames } from './names/adapter-names.js';
import { volumeUnavailable } from './rpc/modal-errors.js';
import { retryCall } from './rpc/retry-call.js';
import { MakerAnnouncement } from './sweep/makers.js';
import { BlockProofs } from './transfer/block-proofs.js';
import type { BeforeWrite } from './transfer/upload.js';
import type { OnTransferProgress } from './version/transfer-progress.js';
import { VersionShelf } from './version/version-shelf.js';

export interface ModalVolumeOptions {
  readonly client: ModalClient;
  /** Name of the volume; created, of the second version, when it is missing. */
  readonly volume: string;
  /** Null: the environment that the client's profile names. */
  readonly environment: string | null;
  /** For copies of versions, on this machine; made when it is missing. */
  readonly cacheDirectory: string;
  /** Limit of one attempt of a call, and how long a transfer may stand still. */
  readonly callTimeoutMs?: number;
  readonly onProgress?: OnTransferProgress;
  /** Called before each change to the volume; tests throw from it to stop the store at that point. */
  readonly beforeWrite?: BeforeWrite;
}

const DEFAULT_CALL_TIMEOUT_MS = 30_000;

/** What an opened volume is worked with. */
export interface OpenVolume {
  readonly files: VolumeFiles;
  readonly cache: VersionCache;
  readonly shelf: VersionShelf;
  readonly names: AdapterNames;
  readonly heads: AdapterHeads;
  readonly makers: MakerNames;
  readonly announcement: MakerAnnouncement;
  readonly onProgress: OnTransferProgress;
}

/** Finds or creates the volume. @throws ClaasError `storage_unavailable` */
export async function openVolume(options: ModalVolumeOptions): Promise<OpenVolume> {
  const { client, volume, environment, cacheDirectory } = options;
  const callTimeoutMs = options.callTimeoutMs ?? DEFAULT_CALL_TIMEOUT_MS;
  const onProgress = options.onProgress ?? (() => undefined);
  const beforeWrite = options.beforeWrite ?? (() => undefined);
  try {
    const params = { createIfMissing: true, version: 2, ...(environment === null ? {} : { environment }) } as const;
    const { volumeId } = await retryCall('VolumeGetOrCreate', callTimeoutMs, () =>
      client.volumes.fromName(volume, params),
    );
    const directory = join(cacheDirectory, volumeId);
    const proofs = new BlockProofs(join(directory, 'proofs'));
    await proofs.open();
    const files = new VolumeFiles({ client, volumeId, callTimeoutMs, beforeWrite, proofs });
    const cache = new VersionCache(directory);
    const makers = new MakerNames();
    return {
      files,
      cache,
      shelf: new VersionShelf(files, cache, onProgress),
      names: new AdapterNames(files, volume),
      heads: new AdapterHeads(files),
      makers,
      announcement: new MakerAnnouncement(files, makers.maker),
      onProgress,
    };
  } catch (error) {
    throw volumeUnavailable(volume, error);
  }
}
