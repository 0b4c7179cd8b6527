import { readdir } from 'node:fs/promises';
import { isVersionNumber, readManifest, readVersion } from '@claas/adapter-files';
import {
  AdapterCorruptError,
  AdapterNotFoundError,
  AdapterVersionNotFoundError,
  parseAdapterId,
  type AdapterId,
  type AdapterSummary,
  type AdapterVersion,
  type VersionManifest,
} from '@claas/contracts';
import { readAliases } from '../alias/alias-table.js';
import { keptAliases } from '../alias/kept-aliases.js';
import { readHead, type HeadPointer } from '../head/head-pointer.js';
import type { StoreLayout } from '../layout/store-layout.js';
import { adapterIds } from '../recovery/recover.js';

/** Reads adapters through their heads. Takes no lock: what is read is one whole version or another, whoever writes meanwhile. */
export class AdapterReader {
  constructor(private readonly layout: StoreLayout) {}

  /** The head of an adapter, by its id or an alias. */
  async find(id: string): Promise<HeadPointer> {
    const name = parseAdapterId(id);
    const head = await readHead(this.layout.head(name), name);
    if (head !== null) return head;
    const target = (await readAliases(this.layout.aliases)).get(name);
    const found = target === undefined ? null : await readHead(this.layout.head(target), target);
    if (found === null) throw new AdapterNotFoundError(id);
    return found;
  }

  /** The head when no version is named. */
  async read(id: string, version?: number): Promise<AdapterVersion> {
    let head = await this.find(id);
    for (;;) {
      const wanted = version ?? head.version;
      const found = await this.version(head, wanted);
      if (found !== null) return found;
      // Not there: the adapter was removed, or its head moved on and the version was pruned, while we looked.
      const now = await this.find(id);
      if (now.version === head.version && now.createdAt === head.createdAt) {
        if (wanted === head.version) throw new AdapterCorruptError(head.loraId, wanted, 'its directory is missing');
        throw new AdapterVersionNotFoundError(head.loraId, wanted);
      }
      head = now;
    }
  }

  /** Null when there is none, also for one that a commit has not finished. */
  async version(head: HeadPointer, version: number): Promise<AdapterVersion | null> {
    if (!isVersionNumber(version) || version >= head.nextVersion) return null;
    const directory = this.layout.version(head.loraId, version);
    return readVersion({ loraId: head.loraId, version, directory });
  }

  /** Newest first. */
  async versionNumbers(head: HeadPointer): Promise<number[]> {
    const names = await readdir(this.layout.versions(head.loraId));
    return names
      .map(Number)
      .filter((number) => number < head.nextVersion)
      .sort((a, b) => b - a);
  }

  /** Newest first. */
  async versions(id: string): Promise<VersionManifest[]> {
    const head = await this.find(id);
    const manifests: VersionManifest[] = [];
    for (const version of await this.versionNumbers(head)) {
      const address = { loraId: head.loraId, version, directory: this.layout.version(head.loraId, version) };
      const manifest = await readManifest(address);
      if (manifest !== null) manifests.push(manifest);
    }
    return manifests;
  }

  async list(prefix: string): Promise<AdapterSummary[]> {
    const aliases = await this.aliases();
    const summaries: AdapterSummary[] = [];
    for (const loraId of (await adapterIds(this.layout)).sort()) {
      if (!loraId.startsWith(prefix)) continue;
      const summary = await this.summary(loraId, aliases);
      if (summary !== null) summaries.push(summary);
    }
    return summaries;
  }

  /** By their names. */
  async aliases(): Promise<ReadonlyMap<AdapterId, AdapterId>> {
    return new Map([...(await keptAliases(this.layout))].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  /** Null when the adapter was removed meanwhile. */
  private async summary(loraId: AdapterId, aliases: ReadonlyMap<string, AdapterId>): Promise<AdapterSummary | null> {
    try {
      const { createdAt, updatedAt } = await this.find(loraId);
      const { manifest } = await this.read(loraId);
      const own = [...aliases].filter(([, target]) => target === loraId).map(([alias]) => alias);
      return { loraId, aliases: own, head: manifest, createdAt, updatedAt };
    } catch (error) {
      if (error instanceof AdapterNotFoundError) return null;
      throw error;
    }
  }
}
