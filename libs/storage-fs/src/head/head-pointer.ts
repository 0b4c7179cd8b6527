import { readFile } from 'node:fs/promises';
import { isVersionNumber, unlessMissing } from '@claas/adapter-files';
import { ClaasError, type AdapterId } from '@claas/contracts';

/** Which version of an adapter is the current one: the single truth, replaced whole. */
export interface HeadPointer {
  readonly format: 1;
  readonly loraId: AdapterId;
  readonly version: number;
  /** The number of the next commit: above every number ever used, also those that are pruned. */
  readonly nextVersion: number;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  /** ISO 8601, UTC. When the head last moved. */
  readonly updatedAt: string;
  /** Of the latest `claim`, when there was one. */
  readonly claim?: string;
}

/** Null when the adapter does not exist. @throws ClaasError `adapter_corrupt` that names the file */
export async function readHead(path: string, loraId: AdapterId): Promise<HeadPointer | null> {
  const text = await unlessMissing(readFile(path, 'utf8'));
  if (text === null) return null;
  try {
    const head = JSON.parse(text) as HeadPointer;
    if (isHeadPointer(head) && head.loraId === loraId) return head;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new ClaasError(
    'adapter_corrupt',
    `The head pointer of LoRA ${loraId} is damaged: ${path}. Restore this file from a backup; its versions lie beside it.`,
    { lora_id: loraId, file: path },
  );
}

export function headText(head: HeadPointer): string {
  return `${JSON.stringify(head, null, 2)}\n`;
}

function isHeadPointer(head: unknown): head is HeadPointer {
  if (typeof head !== 'object' || head === null) return false;
  const { format, version, nextVersion, createdAt, updatedAt, claim } = head as Partial<
    Record<keyof HeadPointer, unknown>
  >;
  return (
    format === 1 &&
    isVersionNumber(version) &&
    isVersionNumber(nextVersion) &&
    version < nextVersion &&
    typeof createdAt === 'string' &&
    typeof updatedAt === 'string' &&
    ['undefined', 'string'].includes(typeof claim)
  );
}
