import { randomUUID } from 'node:crypto';
import {
  AdapterNotFoundError,
  StaleClaimError,
  StaleParentError,
  type AdapterId,
  type CommittedVersion,
} from '@claas/contracts';
import { pointHeadLink, type StoreParts } from '../recovery/recover.js';
import { headText, readHead, type HeadPointer } from './head-pointer.js';

/** What a commit builds on. @throws StaleParentError, StaleClaimError */
export async function requireHead(
  { layout }: StoreParts,
  loraId: AdapterId,
  { parent, claim }: Pick<CommittedVersion, 'parent' | 'claim'>,
): Promise<HeadPointer> {
  const head = await readHead(layout.head(loraId), loraId);
  if (head === null) throw new AdapterNotFoundError(loraId);
  if (head.version !== parent) throw new StaleParentError(loraId, parent, head.version);
  if (claim !== undefined && claim !== head.claim) throw new StaleClaimError(loraId);
  return head;
}

/** From here on another version is the current one. To be run under the lock. */
export async function moveHead(parts: StoreParts, head: HeadPointer): Promise<void> {
  await writeHead(parts, head);
  await pointHeadLink(parts, head);
}

/** Earlier claims don't count any more. To be run under the lock. */
export async function claimHead(parts: StoreParts, loraId: AdapterId): Promise<string> {
  const head = await readHead(parts.layout.head(loraId), loraId);
  if (head === null) throw new AdapterNotFoundError(loraId);
  const claim = randomUUID();
  await writeHead(parts, { ...head, claim });
  return claim;
}

async function writeHead({ layout, writer, staging }: StoreParts, head: HeadPointer): Promise<void> {
  await writer.replaceFile(layout.head(head.loraId), headText(head), staging.temporaryPath());
}
