import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { expect } from 'vitest';
import type { AdapterStore } from '../../adapter/adapter-store.js';
import { AdapterArchiveInvalidError } from '../../errors/adapter-errors.js';
import type { ContractTest } from './store-under-test.js';
import { createAdapter, createVersions, fileContent, idOf, newVersion, seedOf } from './version-content.js';
import { zipFixture } from './zip-fixture.js';
import type { ZipFixtureEntry } from './zip-fixture.js';

const LIMITS = { maxArchiveBytes: 1_000_000, maxUnpackedBytes: 2_000_000 };
const CONFIG = { name: 'adapter_config.json', content: fileContent('adapter_config.json', 1) };
const MODEL = { name: 'adapter_model.safetensors', content: fileContent('adapter_model.safetensors', 1) };

export function archivesPart(test: ContractTest): void {
  test('exports a version, which unpacked and created again has the same content', async ({ store }) => {
    await createVersions(store, 'user1/model', 3);
    for (const version of [undefined, 0]) {
      const { stream } = await store.export('user1/model', version);
      const directory = await store.unpack(await buffer(stream), LIMITS);
      expect((await readdir(directory)).sort()).toEqual([CONFIG.name, MODEL.name]);
      const id = idOf(`copy/of-${version ?? 'head'}`);
      const copy = await store.create(id, { directory, manifest: newVersion(0, { origin: 'import' }), aliases: [] });
      expect(await seedOf(copy)).toBe(version ?? 2);
      expect(copy.manifest).toMatchObject({ version: 0, parent: null, origin: 'import' });
    }
  });

  test('names an archive so that it is safe in a header', async ({ store }) => {
    for (const id of ['user1/model', 'a/b/c/d', 'x'.repeat(200)]) {
      await createAdapter(store, id);
      const { filename, stream } = await store.export(id);
      stream.destroy();
      expect(filename).toMatch(/^[A-Za-z0-9._-]+-v0\.zip$/);
      expect(filename).toBe(`${id.replaceAll('/', '__')}-v0.zip`);
    }
  });

  test('goes on with an export while the adapter is removed', async ({ store }) => {
    await createAdapter(store, 'a', { seed: 4 });
    const { stream } = await store.export('a');
    await store.remove('a');
    const directory = await store.unpack(await buffer(stream), LIMITS);
    expect(await readFile(join(directory, MODEL.name))).toEqual(fileContent(MODEL.name, 4));
  });

  test('unpacks deflated archives too', async ({ store }) => {
    const archive = zipFixture([
      { ...MODEL, deflated: true },
      { ...CONFIG, deflated: true, mode: 0 },
    ]);
    const directory = await store.unpack(archive, LIMITS);
    expect(await readFile(join(directory, MODEL.name))).toEqual(MODEL.content);
    expect(await readFile(join(directory, CONFIG.name))).toEqual(CONFIG.content);
  });

  const refused: Record<string, readonly ZipFixtureEntry[]> = {
    'a path out of it': [CONFIG, MODEL, { ...MODEL, name: '../adapter_model.safetensors' }],
    'a path out of it where a known file should be': [CONFIG, { ...MODEL, name: '../adapter_model.safetensors' }],
    'an absolute path': [CONFIG, MODEL, { ...MODEL, name: '/tmp/adapter_model.safetensors' }],
    'a backslash': [CONFIG, MODEL, { ...MODEL, name: '..\\adapter_model.safetensors' }],
    'a folder': [CONFIG, MODEL, { name: 'folder/', content: Buffer.alloc(0), mode: 0o040755 }],
    'files in a folder': [
      { ...CONFIG, name: 'x/adapter_config.json' },
      { ...MODEL, name: 'x/adapter_model.safetensors' },
    ],
    'a dot segment': [CONFIG, { ...MODEL, name: './adapter_model.safetensors' }],
    'an unknown file': [CONFIG, MODEL, { name: 'adapter_model.bin', content: Buffer.from('x') }],
    'an optimizer state': [CONFIG, MODEL, { name: 'optimizer.safetensors', content: Buffer.from('x') }],
    'a duplicate': [CONFIG, MODEL, CONFIG],
    'a symbolic link': [CONFIG, { ...MODEL, content: Buffer.from('/etc/passwd'), mode: 0o120777 }],
    'a missing config': [MODEL],
    'missing weights': [CONFIG],
    nothing: [],
    'an encrypted file': [CONFIG, { ...MODEL, encrypted: true }],
    'a wrong checksum': [CONFIG, { ...MODEL, declaredCrc32: 1 }],
    'a size that is too small': [CONFIG, { ...MODEL, deflated: true, declaredBytes: 10 }],
    'a size that is too large': [CONFIG, { ...MODEL, deflated: true, declaredBytes: MODEL.content.length + 1 }],
    'another name inside than listed': [CONFIG, { ...MODEL, localName: '../../dapter_model.safetensors' }],
    'a path out of it that only the entry itself tells': [
      CONFIG,
      { ...MODEL, localName: '../adapter_model.safetensors' },
    ],
    'a file under the name of the other': [CONFIG, { ...MODEL, localName: 'adapter_config.json' }],
  };
  for (const [what, entries] of Object.entries(refused)) {
    test(`refuses an archive with ${what}`, ({ store }) => refuses(store, zipFixture(entries)));
  }

  test('refuses an archive over the limit of archives', ({ store }) =>
    refuses(store, zipFixture([CONFIG, MODEL]), { ...LIMITS, maxArchiveBytes: 100 }));

  test('refuses what declares more than the limit of unpacked bytes', ({ store }) =>
    refuses(store, zipFixture([CONFIG, MODEL]), { ...LIMITS, maxUnpackedBytes: MODEL.content.length }));

  test('refuses a bomb that declares itself, and one that hides its size', async ({ store }) => {
    const bomb = { ...MODEL, content: Buffer.alloc(30_000_000), deflated: true };
    await refuses(store, zipFixture([CONFIG, bomb]));
    await refuses(store, zipFixture([CONFIG, { ...bomb, declaredBytes: 1000 }]));
  });

  test('refuses bytes that are no zip, and every zip that was cut', async ({ store }) => {
    const whole = zipFixture([CONFIG, MODEL]);
    await refuses(store, Buffer.alloc(0));
    await refuses(store, Buffer.from('{"not":"a zip"}'));
    for (let length = 1; length < whole.length; length += 97) await refuses(store, whole.subarray(0, length));
    await refuses(store, whole.subarray(10));
    await refuses(store, Buffer.concat([whole, whole.subarray(-10)]));
  });
}

async function refuses(store: AdapterStore, archive: Uint8Array, limits = LIMITS): Promise<void> {
  const outcome: unknown = await store.unpack(archive, limits).catch((error: unknown) => error);
  expect(outcome).toBeInstanceOf(AdapterArchiveInvalidError);
  expect((outcome as Error).message.length).toBeGreaterThan('The archive can’t be imported: '.length + 20);
  expect(await store.list()).toEqual([]);
}
