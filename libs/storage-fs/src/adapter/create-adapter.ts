import { join } from 'node:path';
import { refuseNesting, refuseShadowing } from '@claas/adapter-files';
import {
  AdapterExistsError,
  AdapterIdConflictError,
  type AdapterId,
  type AdapterVersion,
  type NewVersion,
  type VersionManifest,
} from '@claas/contracts';
import { readAliases } from '../alias/alias-table.js';
import { keptAliases } from '../alias/kept-aliases.js';
import { headText, type HeadPointer } from '../head/head-pointer.js';
import { HEAD_FILE, HEAD_LINK, PENDING_ALIASES_FILE, VERSIONS_FOLDER, headLinkTarget } from '../layout/store-layout.js';
import { adapterIds, setPendingAliases, writeAliases, type StoreParts } from '../recovery/recover.js';
import { writeManifest } from './write-manifest.js';

export interface NewAdapter {
  /** Staged and sealed. */
  readonly directory: string;
  readonly files: VersionManifest['files'];
  readonly manifest: NewVersion;
  readonly aliases: readonly AdapterId[];
}

/**
 * Makes an adapter whole out of sight; it begins to exist by one rename. To be run under the lock.
 * @throws AdapterExistsError, AdapterIdConflictError
 */
export async function createAdapter(
  parts: StoreParts,
  loraId: AdapterId,
  { directory, files, manifest: declared, aliases }: NewAdapter,
): Promise<AdapterVersion> {
  const { layout, writer, staging, view } = parts;
  await requireNew(parts, loraId, aliases);
  const createdAt = new Date().toISOString();
  const manifest: VersionManifest = { ...declared, format: 1, loraId, version: 0, parent: null, createdAt, files };
  await writeManifest(parts, directory, manifest);
  const adapter = await staging.makeDirectory();
  await writer.makeDirectory(join(adapter, VERSIONS_FOLDER));
  await writer.move(directory, join(adapter, VERSIONS_FOLDER, '0'));
  await writer.createLink(headLinkTarget(0), join(adapter, HEAD_LINK));
  if (aliases.length > 0) await writer.createFile(join(adapter, PENDING_ALIASES_FILE), JSON.stringify(aliases));
  const head: HeadPointer = { format: 1, loraId, version: 0, nextVersion: 1, createdAt, updatedAt: createdAt };
  await writer.createFile(join(adapter, HEAD_FILE), headText(head));
  // An alias that outlived an adapter of this id must not come back with the new one.
  const kept = await keptAliases(layout);
  if (kept.size < (await readAliases(layout.aliases)).size) await writeAliases(parts, kept);
  await writer.move(adapter, layout.adapter(loraId));
  await setPendingAliases(parts, loraId);
  await view.show(loraId, loraId);
  return { manifest, directory: layout.version(loraId, 0) };
}

async function requireNew(
  { layout, view }: StoreParts,
  loraId: AdapterId,
  newAliases: readonly AdapterId[],
): Promise<void> {
  const adapters = await adapterIds(layout);
  if (adapters.includes(loraId)) throw new AdapterExistsError(loraId);
  const aliases = await keptAliases(layout);
  if (aliases.has(loraId)) throw new AdapterIdConflictError(loraId, loraId);
  const taken = [...adapters, ...aliases.keys(), loraId, ...newAliases];
  for (const alias of newAliases) refuseShadowing(alias, [...adapters, loraId]);
  for (const id of [loraId, ...newAliases]) {
    refuseNesting(id, taken);
    await view.requireFree(id);
  }
}
