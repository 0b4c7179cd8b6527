import { lstat, readFile, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { type DurableWriter, idOfFolder, type StagingArea, unlessMissing } from '@claas/adapter-files';
import { ClaasError, parseAdapterId, type AdapterId } from '@claas/contracts';
import { aliasesText, readAliases, type AliasTable } from '../alias/alias-table.js';
import { readHead, type HeadPointer } from '../head/head-pointer.js';
import { headLinkTarget, type StoreLayout } from '../layout/store-layout.js';
import type { StoreView } from '../view/store-view.js';

export interface StoreParts {
  readonly layout: StoreLayout;
  readonly writer: DurableWriter;
  readonly staging: StagingArea;
  readonly view: StoreView;
}

/** Every adapter that exists, in no particular order. */
export async function adapterIds(layout: StoreLayout): Promise<AdapterId[]> {
  return (await readdir(layout.adapters)).map((folder) => {
    try {
      return parseAdapterId(idOfFolder(folder));
    } catch (cause) {
      const path = join(layout.adapters, folder);
      throw new ClaasError('storage_unavailable', `${path} is not an adapter. Move it away.`, { path }, { cause });
    }
  });
}

/**
 * Brings the store to the state that its head pointers tell, whatever a crash has left; to be run under the lock.
 * Versions that no head ever pointed at are swept: a commit that didn't get as far as the head never happened.
 * @throws ClaasError `adapter_corrupt`, `storage_unavailable` for a damaged head pointer or alias table
 */
export async function recover(parts: StoreParts): Promise<void> {
  const { layout, writer, staging, view } = parts;
  await staging.sweep();
  for (const name of await readdir(layout.own)) {
    if (name.startsWith('lock.break-')) await writer.removeFile(join(layout.own, name));
  }
  const loraIds = await adapterIds(layout);
  if (loraIds.length === 0 && (await unlessMissing(lstat(layout.aliases))) === null)
    await writeAliases(parts, new Map());
  for (const loraId of loraIds) {
    const head = await readHead(layout.head(loraId), loraId);
    if (head === null) throw headMissing(layout, loraId);
    await sweepUncommitted(parts, head);
    await pointHeadLink(parts, head);
    await setPendingAliases(parts, loraId);
    await view.show(loraId, loraId);
  }
  const aliases = await readAliases(layout.aliases);
  const kept = new Map([...aliases].filter(([, target]) => loraIds.includes(target)));
  if (kept.size < aliases.size) await writeAliases(parts, kept);
  for (const [alias, target] of kept) await view.show(alias, target);
  await view.hideAllBut(new Set([...loraIds, ...kept.keys()]));
}

/** Removes version directories that a commit made without moving the head. */
export async function sweepUncommitted({ layout, staging }: StoreParts, head: HeadPointer): Promise<void> {
  for (const name of await readdir(layout.versions(head.loraId))) {
    if (Number(name) >= head.nextVersion) await staging.trash(join(layout.versions(head.loraId), name));
  }
}

export async function pointHeadLink({ layout, writer, staging }: StoreParts, head: HeadPointer): Promise<void> {
  const path = layout.headLink(head.loraId);
  const target = headLinkTarget(head.version);
  if ((await unlessMissing(readlink(path))) === target) return;
  await writer.replaceLink(path, target, staging.temporaryPath());
}

/** A new adapter and its aliases appear together: what {@link StoreLayout.pendingAliases} lists is carried over, then forgotten. */
export async function setPendingAliases(parts: StoreParts, loraId: AdapterId): Promise<void> {
  const path = parts.layout.pendingAliases(loraId);
  const text = await unlessMissing(readFile(path, 'utf8'));
  if (text === null) return;
  const added = (JSON.parse(text) as string[]).map((alias) => [parseAdapterId(alias), loraId] as const);
  await writeAliases(parts, new Map([...(await readAliases(parts.layout.aliases)), ...added]));
  for (const [alias] of added) await parts.view.show(alias, loraId);
  await parts.writer.removeFile(path);
}

export async function writeAliases({ layout, writer, staging }: StoreParts, aliases: AliasTable): Promise<void> {
  await writer.replaceFile(layout.aliases, aliasesText(aliases), staging.temporaryPath());
}

function headMissing(layout: StoreLayout, loraId: AdapterId): ClaasError {
  const path = layout.head(loraId);
  return new ClaasError(
    'adapter_corrupt',
    `The head pointer of LoRA ${loraId} is missing: ${path}. Restore this file from a backup, or move the folder away.`,
    { lora_id: loraId, file: path },
  );
}
