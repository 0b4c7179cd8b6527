import { createHash } from 'node:crypto';
import { lstat, readFile, readdir, readlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { expect } from 'vitest';
import type { AdapterStore } from '@claas/contracts';
import { StoreLayout } from '../layout/store-layout.js';

/** Fails unless an opened store is whole: files as their manifests say, links right, nothing left over. */
export async function expectSound(store: AdapterStore, root: string): Promise<void> {
  const layout = new StoreLayout(root);
  expect(await readdir(layout.staging)).toEqual([]);
  expect(await readdir(layout.trash)).toEqual([]);
  expect((await readdir(layout.own)).sort()).toEqual(['adapters', 'aliases.json', 'staging', 'trash']);
  const names = new Map<string, string>();
  for (const [alias, target] of await store.aliases()) names.set(alias, target);
  for (const { loraId, head } of await store.list()) {
    names.set(loraId, loraId);
    expect((await readdir(layout.adapter(loraId))).sort()).toEqual(['head', 'head.json', 'versions']);
    const numbers = (await readdir(layout.versions(loraId))).map(Number).sort((a, b) => b - a);
    expect((await store.versions(loraId)).map(({ version }) => version)).toEqual(numbers);
    for (const number of numbers) await expectAsDeclared(store, loraId, number);
    expect(await readlink(layout.headLink(loraId))).toBe(join('versions', String(head.version)));
  }
  const links = await linksBelow(root, layout.own);
  expect([...links.keys()].sort()).toEqual([...names.keys()].sort());
  for (const [name, target] of names)
    expect(links.get(name)).toBe(join(layout.adapters, target.replaceAll('/', '~'), 'head'));
}

async function expectAsDeclared(store: AdapterStore, loraId: string, number: number): Promise<void> {
  const { manifest, directory } = await store.read(loraId, number);
  expect((await readdir(directory)).sort()).toEqual(
    [...manifest.files.map(({ name }) => name), 'manifest.json'].sort(),
  );
  for (const { name, sha256 } of manifest.files) {
    const content = await readFile(join(directory, name));
    expect(createHash('sha256').update(content).digest('hex'), `${name} of ${loraId} version ${number}`).toBe(sha256);
  }
}

/** Links below the root by their id, each with where it leads. */
async function linksBelow(root: string, own: string, prefix = ''): Promise<Map<string, string>> {
  const links = new Map<string, string>();
  for (const name of await readdir(join(root, prefix))) {
    const path = join(root, prefix, name);
    if (path === own) continue;
    const stats = await lstat(path);
    if (stats.isSymbolicLink()) links.set(join(prefix, name), resolve(dirname(path), await readlink(path)));
    else for (const [id, target] of await linksBelow(root, own, join(prefix, name))) links.set(id, target);
  }
  return links;
}
