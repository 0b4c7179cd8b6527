import { isVersionNumber } from '@claas/adapter-files';
import { ClaasError, type AdapterId } from '@claas/contracts';
import { headsPath } from '../layout/volume-layout.js';

/** Everything that changes about one adapter, replaced whole. */
export interface HeadRecord {
  readonly format: 1;
  readonly loraId: AdapterId;
  /** Which version is the current one. */
  readonly version: number;
  /** The number of the next commit: above every number ever used, also those that are pruned. */
  readonly nextVersion: number;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  /** ISO 8601, UTC. When the head last moved. */
  readonly updatedAt: string;
  /** The folder of each kept version, below the adapter's `versions`. */
  readonly versions: Readonly<Record<number, string>>;
  /** Of the latest `claim`, when there was one. */
  readonly commitClaim?: string;
}

export function isHeadRecord(value: unknown): value is HeadRecord {
  if (typeof value !== 'object' || value === null) return false;
  const head = value as Partial<Record<keyof HeadRecord, unknown>>;
  return (
    head.format === 1 &&
    typeof head.loraId === 'string' &&
    isVersionNumber(head.version) &&
    isVersionNumber(head.nextVersion) &&
    head.version < head.nextVersion &&
    typeof head.createdAt === 'string' &&
    typeof head.updatedAt === 'string' &&
    ['undefined', 'string'].includes(typeof head.commitClaim) &&
    typeof head.versions === 'object' &&
    head.versions !== null &&
    typeof (head.versions as Record<number, unknown>)[head.version] === 'string'
  );
}

/** Newest first. */
export function keptVersions({ versions }: HeadRecord): number[] {
  return Object.keys(versions)
    .map(Number)
    .sort((a, b) => b - a);
}

export function headMissing(loraId: AdapterId, folder: string): ClaasError {
  const path = headsPath(folder);
  return new ClaasError(
    'adapter_corrupt',
    `The head of LoRA ${loraId} is missing on the volume: ${path}. Restore this folder from a backup, or delete the adapter.`,
    { lora_id: loraId, file: path },
  );
}
