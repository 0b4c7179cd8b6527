import type { AdapterId } from '@claas/contracts';
import { keptAliases } from '../alias/kept-aliases.js';
import { adapterIds, writeAliases, type StoreParts } from '../recovery/recover.js';

/** An adapter with its aliases, or an alias alone; false when there is neither. To be run under the lock. */
export async function removeAdapter(parts: StoreParts, name: AdapterId): Promise<boolean> {
  const { layout, staging, view } = parts;
  const aliases = await keptAliases(layout);
  if (!(await adapterIds(layout)).includes(name)) {
    if (!aliases.has(name)) return false;
    await writeAliases(parts, new Map([...aliases].filter(([alias]) => alias !== name)));
    await view.hide(name);
    return true;
  }
  await staging.trash(layout.adapter(name));
  const [gone, kept] = [[...aliases].filter(([, to]) => to === name), [...aliases].filter(([, to]) => to !== name)];
  if (gone.length > 0) await writeAliases(parts, new Map(kept));
  for (const id of [name, ...gone.map(([alias]) => alias)]) await view.hide(id);
  return true;
}
