import type { AdapterId, AdapterStore, ServingControl } from '@claas/contracts';

/** Keeps what is served in step with what is stored, outside of feedback. */
export class ServedAdapters {
  constructor(
    private readonly store: AdapterStore,
    private readonly serving: ServingControl,
  ) {}

  /**
   * Publishes the head of every adapter; cheap where the server reads weights at the first request.
   * What can't be listed, read or served is told to `onFailure` (null: the list itself), and keeps nothing else from it.
   */
  async publishAll(onFailure: (loraId: AdapterId | null, error: unknown) => void): Promise<void> {
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
