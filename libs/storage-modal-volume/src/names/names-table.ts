import type { AdapterId } from '@claas/contracts';

/** Which adapters and aliases there are: one value for the whole volume, so that no two names can clash. */
export interface NamesTable {
  readonly format: 1;
  /** The folder of each adapter, below `.claas/adapters`. An adapter that is created again gets a new one. */
  readonly adapters: Readonly<Record<AdapterId, string>>;
  readonly aliases: Readonly<Record<AdapterId, AdapterId>>;
}

export const NO_NAMES: NamesTable = { format: 1, adapters: {}, aliases: {} };

export function isNamesTable(value: unknown): value is NamesTable {
  if (typeof value !== 'object' || value === null) return false;
  const { format, adapters, aliases } = value as Partial<Record<keyof NamesTable, unknown>>;
  return format === 1 && isTexts(adapters) && isTexts(aliases);
}

export function adapterIds({ adapters }: NamesTable): AdapterId[] {
  return (Object.keys(adapters) as AdapterId[]).sort();
}

export function aliasIds({ aliases }: NamesTable): AdapterId[] {
  return (Object.keys(aliases) as AdapterId[]).sort();
}

/** Own properties only: an id may be called `constructor`. */
export function folderIn({ adapters }: NamesTable, loraId: AdapterId): string | undefined {
  return Object.hasOwn(adapters, loraId) ? adapters[loraId] : undefined;
}

export function targetIn({ aliases }: NamesTable, alias: AdapterId): AdapterId | undefined {
  return Object.hasOwn(aliases, alias) ? aliases[alias] : undefined;
}

function isTexts(value: unknown): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    Object.values(value).every((text: unknown) => typeof text === 'string')
  );
}
