import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseAdapterId, type AdapterStore, type AdapterVersion, type NewVersion } from '@claas/contracts';
import { ModalDouble } from '@claas/contracts/testing/modal';
import { ModalClient } from 'modal';
import { vi } from 'vitest';
import { ModalVolumeAdapterStore } from '../modal-volume-adapter-store.js';
import type { ModalVolumeOptions } from '../open-volume.js';

export const VOLUME_NAME = 'claas-loras';

/** The double of Modal, the SDK that speaks to it, and stores on its volumes. */
export class VolumeWorld {
  #caches = 0;

  private constructor(
    readonly double: ModalDouble,
    readonly client: ModalClient,
    private readonly root: string,
  ) {}

  static async start(): Promise<VolumeWorld> {
    const double = await ModalDouble.start();
    for (const [name, value] of Object.entries(double.environment)) vi.stubEnv(name, value);
    return new VolumeWorld(double, new ModalClient(), await mkdtemp(join(tmpdir(), 'claas-volume-')));
  }

  async close(): Promise<void> {
    this.client.close();
    vi.unstubAllEnvs();
    await this.double.close();
    await rm(this.root, { recursive: true });
  }

  /** A place for copies that nothing is in yet. */
  newCache(): string {
    this.#caches += 1;
    return join(this.root, `cache-${this.#caches}`);
  }

  async open(options: Partial<ModalVolumeOptions> = {}): Promise<ModalVolumeAdapterStore> {
    const defaults = { client: this.client, volume: VOLUME_NAME, environment: null, cacheDirectory: this.newCache() };
    const store = new ModalVolumeAdapterStore({ ...defaults, ...options });
    await store.open();
    return store;
  }

  /** Every file of the volume, by path. */
  files(volume = VOLUME_NAME): string[] {
    return this.double.volumes
      .named(volume)
      .list('', true)
      .flatMap(({ path, type }) => ((type as number) === 1 ? [path] : []));
  }

  /** The server is back, and the SDK's connection has noticed. */
  async restart(): Promise<void> {
    await this.double.restart();
    const params = { createIfMissing: true } as const;
    await vi.waitFor(() => this.client.volumes.fromName(VOLUME_NAME, params), { timeout: 20_000, interval: 100 });
  }

  /** How often a call came since the last time that this was asked. */
  count(rpc: string): number {
    const count = this.double.rpcs().filter((name) => name === rpc).length;
    this.double.calls.length = 0;
    return count;
  }
}

/** An adapter whose weights are `content`, staged. */
export async function stageVersion(store: AdapterStore, content: string | Buffer): Promise<string> {
  const directory = await store.stage();
  await writeFile(join(directory, 'adapter_config.json'), JSON.stringify({ content: content.length }));
  await writeFile(join(directory, 'adapter_model.safetensors'), content);
  return directory;
}

export async function createVersion(
  store: AdapterStore,
  id: string,
  aliases: readonly string[] = [],
  content: string | Buffer = id,
): Promise<AdapterVersion> {
  const directory = await stageVersion(store, content);
  const manifest = manifestOf(null);
  return store.create(parseAdapterId(id), { directory, manifest, aliases: aliases.map(parseAdapterId) });
}

export async function commitVersion(
  store: AdapterStore,
  id: string,
  parent: number,
  feedbackId: string,
  content: string | Buffer = feedbackId,
): Promise<AdapterVersion> {
  const directory = await stageVersion(store, content);
  return store.commit(parseAdapterId(id), { parent, directory, manifest: manifestOf(feedbackId) });
}

export function manifestOf(feedbackId: string | null): NewVersion {
  const origin = feedbackId === null ? 'init' : 'feedback';
  const shape = { baseModel: 'clay-tiny', rank: 4, loraAlpha: 8, targetModules: ['q_proj'] as const };
  return { ...shape, origin, feedbackId, metrics: null, receipt: null };
}
