import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { AdapterCorruptError, type AdapterId, type AdapterVersion, type VersionManifest } from '@claas/contracts';
import { unlessMissing } from '../durable/system-error.js';
import { MANIFEST_FILE } from './version-files.js';

export interface VersionAddress {
  readonly loraId: AdapterId;
  readonly version: number;
  readonly directory: string;
}

export function manifestText(manifest: VersionManifest): string {
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

/** Null when there is no such directory. @throws AdapterCorruptError */
export async function readManifest({ loraId, version, directory }: VersionAddress): Promise<VersionManifest | null> {
  const text = await unlessMissing(readFile(join(directory, MANIFEST_FILE), 'utf8'));
  if (text === null) {
    if ((await unlessMissing(stat(directory))) === null) return null;
    throw new AdapterCorruptError(loraId, version, `${join(directory, MANIFEST_FILE)} is missing`);
  }
  return parseManifest(text, { loraId, version, directory });
}

/** @throws AdapterCorruptError for a text that isn't the manifest of this version */
export function parseManifest(text: string, { loraId, version, directory }: VersionAddress): VersionManifest {
  const manifest = readJson(text);
  if (manifest?.loraId !== loraId || manifest.version !== version) {
    throw new AdapterCorruptError(loraId, version, `${join(directory, MANIFEST_FILE)} does not describe it`);
  }
  return manifest;
}

/** The manifest with every file at its size. Null when there is no such directory. @throws AdapterCorruptError */
export async function readVersion(address: VersionAddress): Promise<AdapterVersion | null> {
  const { loraId, version, directory } = address;
  const manifest = await readManifest(address);
  if (manifest === null) return null;
  for (const { name, bytes } of manifest.files) {
    const found = await unlessMissing(stat(join(directory, name)));
    if (found?.size === bytes) continue;
    // Removed while it was being read: not damage.
    if ((await unlessMissing(stat(directory))) === null) return null;
    const size = found === null ? 'is missing' : `has ${found.size} bytes instead of ${bytes}`;
    throw new AdapterCorruptError(loraId, version, `${join(directory, name)} ${size}`);
  }
  return { manifest, directory };
}

function readJson(text: string): VersionManifest | null {
  try {
    const manifest = JSON.parse(text) as Partial<VersionManifest> | null;
    return manifest?.format === 1 && Array.isArray(manifest.files) ? (manifest as VersionManifest) : null;
  } catch {
    return null;
  }
}
