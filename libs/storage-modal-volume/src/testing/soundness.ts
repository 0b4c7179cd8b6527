import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { AdapterStore } from '@claas/contracts';
import { expect } from 'vitest';
import { adapterOf, placeOf } from '../layout/volume-layout.js';
import type { VolumeWorld } from './volume-world.js';

/** Fails unless the volume holds what the store tells of, whole, and nothing else: no upload that nothing points at. */
export async function expectSound(store: AdapterStore, world: VolumeWorld, volume?: string): Promise<void> {
  const summaries = await store.list();
  let versions = 0;
  for (const { loraId } of summaries) {
    for (const { version } of await store.versions(loraId)) {
      versions += 1;
      const { manifest, directory } = await store.read(loraId, version);
      const names = manifest.files.map(({ name }) => name);
      expect((await readdir(directory)).sort()).toEqual([...names, 'manifest.json'].sort());
      for (const { name, sha256 } of manifest.files) {
        const content = await readFile(join(directory, name));
        expect(createHash('sha256').update(content).digest('hex'), `${name} of ${loraId} ${version}`).toBe(sha256);
      }
    }
  }
  const paths = world.files(volume);
  const adapters = new Set(paths.map(adapterOf).filter((adapter) => adapter !== null));
  const places = new Set(paths.map(placeOf).flatMap((place) => (place === null ? [] : [JSON.stringify(place)])));
  expect(adapters.size, 'folders of adapters').toBe(summaries.length);
  expect(places.size, 'folders of versions').toBe(versions);
  const strangers = paths.filter((path) => !/^\.claas\/(names|adapters|processes)\//.test(path));
  expect(strangers).toEqual([]);
}
