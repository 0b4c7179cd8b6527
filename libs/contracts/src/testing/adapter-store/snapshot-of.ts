import type { AdapterStore } from '../../adapter/adapter-store.js';

/** What a client can know of a store, for comparison. */
export interface StoreSnapshot {
  readonly adapters: readonly unknown[];
  readonly aliases: readonly unknown[];
}

export async function snapshotOf(store: AdapterStore): Promise<StoreSnapshot> {
  const adapters = [];
  for (const { loraId, head } of await store.list()) {
    const versions = (await store.versions(loraId)).map(({ version, parent, feedbackId }) => ({
      version,
      parent,
      feedbackId,
    }));
    adapters.push({ loraId, head: head.version, versions });
  }
  return { adapters, aliases: [...(await store.aliases())] };
}
