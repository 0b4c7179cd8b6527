import { refuseNesting, refuseShadowing } from '@claas/adapter-files';
import { AdapterExistsError, AdapterIdConflictError, AdapterNotFoundError, type AdapterId } from '@claas/contracts';
import { adapterIds, aliasIds, folderIn, targetIn, type NamesTable } from './names-table.js';

/** The adapter of an id or an alias. @throws AdapterNotFoundError */
export function located(table: NamesTable, name: AdapterId): { readonly loraId: AdapterId; readonly folder: string } {
  const loraId = folderIn(table, name) === undefined ? targetIn(table, name) : name;
  const folder = loraId === undefined ? undefined : folderIn(table, loraId);
  if (loraId === undefined || folder === undefined) throw new AdapterNotFoundError(name);
  return { loraId, folder };
}

/** The table with a new adapter and its aliases. @throws AdapterExistsError, AdapterIdConflictError */
export function withAdapter(
  table: NamesTable,
  {
    loraId,
    folder,
    aliases,
  }: { readonly loraId: AdapterId; readonly folder: string; readonly aliases: readonly AdapterId[] },
): NamesTable {
  refuseTakenNames(table, loraId, aliases);
  const added = Object.fromEntries(aliases.map((alias) => [alias, loraId]));
  return { format: 1, adapters: { ...table.adapters, [loraId]: folder }, aliases: { ...table.aliases, ...added } };
}

/** The table with an alias that points at an adapter; null when it has it. @throws AdapterNotFoundError, AdapterIdConflictError */
export function withAlias(table: NamesTable, alias: AdapterId, target: AdapterId): NamesTable | null {
  const { loraId } = located(table, target);
  refuseShadowing(alias, adapterIds(table));
  refuseNesting(alias, [...adapterIds(table), ...aliasIds(table)]);
  if (targetIn(table, alias) === loraId) return null;
  return { ...table, aliases: { ...table.aliases, [alias]: loraId } };
}

/** The table without an adapter and its aliases, or without one alias; null when there is no such name. */
export function withoutName(table: NamesTable, name: AdapterId): NamesTable | null {
  if (folderIn(table, name) === undefined && targetIn(table, name) === undefined) return null;
  const isAdapter = folderIn(table, name) !== undefined;
  const adapters = Object.entries(table.adapters).filter(([loraId]) => loraId !== name);
  const aliases = Object.entries(table.aliases).filter(
    ([alias, target]) => alias !== name && !(isAdapter && target === name),
  );
  return { format: 1, adapters: Object.fromEntries(adapters), aliases: Object.fromEntries(aliases) };
}

/** @throws AdapterExistsError, AdapterIdConflictError */
export function refuseTakenNames(table: NamesTable, loraId: AdapterId, newAliases: readonly AdapterId[]): void {
  const adapters = adapterIds(table);
  if (adapters.includes(loraId)) throw new AdapterExistsError(loraId);
  const aliases = aliasIds(table);
  if (aliases.includes(loraId)) throw new AdapterIdConflictError(loraId, loraId);
  const taken = [...adapters, ...aliases, loraId, ...newAliases];
  for (const alias of newAliases) refuseShadowing(alias, [...adapters, loraId]);
  for (const id of [loraId, ...newAliases]) refuseNesting(id, taken);
}
