import type { AdapterStore } from '@claas/contracts';

/** A new staged directory with what `unpack` puts there; it is given up when that fails. */
export async function stageArchive(
  store: Pick<AdapterStore, 'stage' | 'discard'>,
  unpack: (directory: string) => Promise<void>,
): Promise<string> {
  const directory = await store.stage();
  try {
    await unpack(directory);
    return directory;
  } catch (error) {
    await store.discard(directory);
    throw error;
  }
}
