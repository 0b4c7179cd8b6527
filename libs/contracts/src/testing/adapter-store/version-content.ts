import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { parseAdapterId } from '../../adapter/adapter-id.js';
import type { AdapterId } from '../../adapter/adapter-id.js';
import type { AdapterVersion, NewVersion } from '../../adapter/adapter-manifest.js';
import type { AdapterStore } from '../../adapter/adapter-store.js';

/** The files of a version are derived from one number, so that a mixture of two versions is seen at once. */
const FILES = ['adapter_config.json', 'adapter_model.safetensors', 'optimizer.safetensors'] as const;

export function fileContent(name: string, seed: number): Buffer {
  if (name.endsWith('.json')) return Buffer.from(JSON.stringify({ seed }));
  const block = createHash('sha512').update(`${name}:${seed}`).digest();
  return Buffer.concat([Buffer.from(`${seed}\n`), ...Array.from({ length: 40 + (seed % 7) }, () => block)]);
}

export function newVersion(seed: number, changes: Partial<NewVersion> = {}): NewVersion {
  return {
    baseModel: 'clay-tiny',
    rank: 8,
    loraAlpha: 16,
    targetModules: ['q_proj', 'v_proj'],
    origin: 'feedback',
    feedbackId: `feedback-${seed}`,
    metrics: null,
    receipt: null,
    ...changes,
  };
}

/** Stages the files of version `seed`: a trained one has an optimizer state. */
export async function stageContent(store: AdapterStore, seed: number): Promise<string> {
  const directory = await store.stage();
  for (const name of FILES) await writeFile(join(directory, name), fileContent(name, seed));
  return directory;
}

export async function createAdapter(
  store: AdapterStore,
  id: string,
  options: { readonly seed?: number; readonly aliases?: readonly string[] } = {},
): Promise<AdapterVersion> {
  const { seed = 0, aliases = [] } = options;
  return store.create(parseAdapterId(id), {
    directory: await stageContent(store, seed),
    manifest: newVersion(seed, { origin: 'init', feedbackId: null }),
    aliases: aliases.map(parseAdapterId),
  });
}

export async function commitVersion(
  store: AdapterStore,
  id: string,
  parent: number,
  seed: number,
): Promise<AdapterVersion> {
  const directory = await stageContent(store, seed);
  return store.commit(idOf(id), { parent, directory, manifest: newVersion(seed) });
}

/** An adapter with versions 0 to `count` − 1, made from seeds 0 to `count` − 1. */
export async function createVersions(store: AdapterStore, id: string, count: number): Promise<void> {
  await createAdapter(store, id);
  for (let version = 1; version < count; version += 1) await commitVersion(store, id, version - 1, version);
}

/** The number that a version was made from; fails unless every file is whole, of that number, and as its manifest says. */
export async function seedOf({ manifest, directory }: AdapterVersion): Promise<number> {
  const { seed } = JSON.parse(await readFile(join(directory, 'adapter_config.json'), 'utf8')) as { seed: number };
  expect(manifest.files.map(({ name }) => name)).toEqual(expect.arrayContaining(FILES.slice(0, 2)));
  for (const { name, bytes, sha256 } of manifest.files) {
    const content = await readFile(join(directory, name));
    expect(content.equals(fileContent(name, seed)), `${name} of version ${manifest.version} is of seed ${seed}`).toBe(
      true,
    );
    expect(content.byteLength).toBe(bytes);
    expect(createHash('sha256').update(content).digest('hex')).toBe(sha256);
  }
  return seed;
}

export function idOf(text: string): AdapterId {
  return parseAdapterId(text);
}
