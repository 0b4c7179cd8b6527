import {
  ClaasError,
  type AdapterId,
  type AdapterStore,
  type AdapterVersion,
  type ServingControl,
} from '@claas/contracts';
import type { SharedServing } from '../replicas/shared-serving.js';

/** Keeps what is served in step with what is stored and with what the other processes serve, outside of feedback. */
export class ServedAdapters {
  /** Requests that come together for an adapter that isn't published yet wait for one publication. */
  private readonly publishing = new Map<AdapterId, Promise<void>>();

  constructor(
    private readonly store: AdapterStore,
    private readonly serving: ServingControl,
    private readonly shared: SharedServing,
    private readonly publishesOnDemand = false,
  ) {}

  /**
   * Publishes every adapter; cheap where the server reads weights at the first request.
   * What can't be listed, read or served is told to `onFailure` (null: the list itself), and keeps nothing else from it.
   */
  async publishAll(onFailure: (loraId: AdapterId | null, error: unknown) => void): Promise<void> {
    // A server that sleeps can't be told: each adapter is published with the next request for it.
    if ((await this.shared.state()).power !== 'awake') return;
    const adapters = await this.store.list().catch((error: unknown) => {
      onFailure(null, error);
      return [];
    });
    for (const { loraId } of adapters) {
      await this.ensurePublished(loraId).catch((error: unknown) => {
        onFailure(loraId, error);
      });
    }
  }

  /** A new adapter answers at once; where adapters are published on demand, its server need not even be there. */
  async publishNew(loraId: AdapterId): Promise<void> {
    if (!this.publishesOnDemand) await this.ensurePublished(loraId);
  }

  /** Takes over at once what other processes change, so that the next request need not wait for it. */
  followOthers(onFailure: (loraId: AdapterId, error: unknown) => void): void {
    this.shared.onChange((loraId, version) => {
      const change = version === null ? this.serving.retract(loraId) : this.ensurePublished(loraId);
      change.catch((error: unknown) => {
        onFailure(loraId, error);
      });
    });
  }

  /** Publishes the version that all processes have agreed on, or the head where nobody has said, unless it is published already. */
  async ensurePublished(loraId: AdapterId): Promise<void> {
    await this.shared.fresh();
    if (this.isPublished(loraId)) return;
    const underWay = this.publishing.get(loraId);
    if (underWay !== undefined) return underWay;
    const publication = this.publishWanted(loraId).finally(() => this.publishing.delete(loraId));
    this.publishing.set(loraId, publication);
    await publication;
  }

  private async publishWanted(loraId: AdapterId): Promise<void> {
    while (!this.isPublished(loraId)) {
      const wanted = this.shared.versionOf(loraId);
      const { manifest, directory } = await this.readWanted(loraId, wanted);
      // A step may have published its newer version while this one was read.
      if (this.isPublished(loraId) || this.shared.versionOf(loraId) !== wanted) continue;
      await this.serving.publish({ loraId, version: manifest.version, directory });
      return;
    }
  }

  private isPublished(loraId: AdapterId): boolean {
    const wanted = this.shared.versionOf(loraId);
    return this.serving
      .published()
      .some((served) => served.loraId === loraId && (wanted === null || served.version === wanted));
  }

  private async readWanted(loraId: AdapterId, wanted: number | null): Promise<AdapterVersion> {
    if (wanted === null) return this.store.read(loraId);
    try {
      return await this.store.read(loraId, wanted);
    } catch (error) {
      if (ClaasError.from(error).code !== 'adapter_version_not_found') throw error;
      // The store was put back to an earlier state from a backup.
      const head = await this.store.read(loraId);
      this.shared.expect(loraId, head.manifest.version);
      return head;
    }
  }
}
