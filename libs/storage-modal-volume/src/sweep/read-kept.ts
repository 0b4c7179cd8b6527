import { inParallel } from '../blocks/in-parallel.js';
import { adapterIds, folderIn } from '../names/names-table.js';
import type { OpenVolume } from '../open-volume.js';
import type { KeptOnVolume } from './sweep-volume.js';

const PARALLEL_ADAPTERS = 16;

/** What the names and heads point at now; their old records go. */
export async function readKept({ names, heads }: Pick<OpenVolume, 'names' | 'heads'>): Promise<KeptOnVolume> {
  const table = await names.table();
  const folders = adapterIds(table).map((loraId) => folderIn(table, loraId)!);
  const versions = new Map<string, ReadonlySet<string>>();
  await inParallel(folders, PARALLEL_ADAPTERS, async (folder) => {
    const record = await heads.latest(folder);
    if (record === null) return;
    versions.set(folder, new Set(Object.values(record.content.versions)));
    await heads.trim(folder);
  });
  const isKeptAdapter = (adapter: string): boolean => folders.includes(adapter);
  return {
    isKeptAdapter,
    isKeptVersion: ({ adapter, version }) => isKeptAdapter(adapter) && (versions.get(adapter)?.has(version) ?? true),
  };
}
