import type { AdapterId, AdapterStore, ServingControl } from '@claas/contracts';

/** Keeps what is served in step with what is stored, outside of feedback. */
export class ServedAdapters {
  constructor(
    private readonly store: AdapterStore,
    private readonly serving: ServingControl,
  ) {}

  /** Publishes the head of every adapter; cheap where the server reads weights at the first request. */
  async publishAll(): Promise<number> {
    const adapters = await this.store.list();
    for (const { loraId } of adapters) await this.ensurePublished(loraId);
    return adapters.length;
  }

  /** Publishes the head unless some version is published already. */
  async ensurePublished(loraId: AdapterId): Promise<void> {
    if (this.isPublished(loraId)) return;
    const { manifest, directory } = await this.store.read(loraId);
    // A step may have published its newer version while this one was read.
    if (this.isPublished(loraId)) return;
    await this.serving.publish({ loraId, version: manifest.version, directory });
  }

  private isPublished(loraId: AdapterId): boolean {
    return this.serving.published().some((served) => served.loraId === loraId);
  }
}
