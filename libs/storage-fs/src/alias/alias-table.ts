import { readFile } from 'node:fs/promises';
import { unlessMissing } from '@claas/adapter-files';
import { ClaasError, parseAdapterId, type AdapterId } from '@claas/contracts';

export type AliasTable = ReadonlyMap<AdapterId, AdapterId>;

/** @throws ClaasError `storage_unavailable` that names the file, when it is missing or damaged: aliases never vanish silently */
export async function readAliases(path: string): Promise<AliasTable> {
  const text = await unlessMissing(readFile(path, 'utf8'));
  const aliases = text === null ? null : parseAliases(text);
  if (aliases !== null) return aliases;
  throw new ClaasError(
    'storage_unavailable',
    `The alias table ${path} is ${text === null ? 'missing' : 'damaged'}. Restore it from a backup, or write ${JSON.stringify(
      aliasesText(new Map()).trim(),
    )} into it to go on without aliases.`,
    { file: path },
  );
}

export function aliasesText(aliases: AliasTable): string {
  const sorted = [...aliases].sort(([a], [b]) => (a < b ? -1 : 1));
  return `${JSON.stringify({ format: 1, aliases: Object.fromEntries(sorted) })}\n`;
}

function parseAliases(text: string): AliasTable | null {
  try {
    const table = JSON.parse(text) as { format?: unknown; aliases?: unknown } | null;
    if (table?.format !== 1 || typeof table.aliases !== 'object' || table.aliases === null) return null;
    return new Map(
      Object.entries(table.aliases).map(([alias, target]) => [parseAdapterId(alias), parseAdapterId(String(target))]),
    );
  } catch {
    return null;
  }
}
