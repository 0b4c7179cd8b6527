import { refuseNesting, refuseShadowing } from '@claas/adapter-files';
import type { AdapterId } from '@claas/contracts';
import { adapterIds, writeAliases, type StoreParts } from '../recovery/recover.js';
import { keptAliases } from './kept-aliases.js';

/** To be run under the lock. */
export async function setAlias(parts: StoreParts, alias: AdapterId, loraId: AdapterId): Promise<void> {
  const { layout, view } = parts;
  const aliases = await keptAliases(layout);
  const adapters = await adapterIds(layout);
  refuseShadowing(alias, adapters);
  refuseNesting(alias, [...adapters, ...aliases.keys()]);
  await view.requireFree(alias);
  await writeAliases(parts, new Map([...aliases, [alias, loraId]]));
  await view.show(alias, loraId);
}
