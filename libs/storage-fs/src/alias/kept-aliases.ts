import type { StoreLayout } from '../layout/store-layout.js';
import { adapterIds } from '../recovery/recover.js';
import { readAliases, type AliasTable } from './alias-table.js';

/** Without those whose adapter a crash, or a removal that is under way, took before them. */
export async function keptAliases(layout: StoreLayout): Promise<AliasTable> {
  const aliases = await readAliases(layout.aliases);
  const adapters = new Set(await adapterIds(layout));
  return new Map([...aliases].filter(([, target]) => adapters.has(target)));
}
