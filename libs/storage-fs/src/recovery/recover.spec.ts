import {
  appendFile,
  lstat,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  readlink,
  rename,
  rm,
  stat,
  symlink,
  truncate,
  unlink,
  writeFile,
} from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseAdapterId } from '@claas/contracts';
import { snapshotOf } from '@claas/contracts/testing';
import { expectSound } from '../testing/soundness.js';
import { FsAdapterStore } from '../fs-adapter-store.js';
import { StoreLayout } from '../layout/store-layout.js';

const ID = parseAdapterId('user/model-init');
const ALIAS = parseAdapterId('user/model');

let root: string;
let layout: StoreLayout;
let store: FsAdapterStore;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'claas-recover-'));
  layout = new StoreLayout(root);
  store = await opened();
  await store.create(ID, { directory: await staged('v0'), manifest: MANIFEST, aliases: [ALIAS] });
  await store.commit(ID, { parent: 0, directory: await staged('v1'), manifest: MANIFEST });
});

afterEach(() => rm(root, { recursive: true }));

describe('the public names', () => {
  it('are relative links to whole PEFT directories, an alias like the adapter', async () => {
    for (const id of [ID, ALIAS]) {
      expect(await readlink(join(root, id))).toBe('../.claas/adapters/user~model-init/head');
      expect(await readFile(join(root, id, 'adapter_config.json'), 'utf8')).toBe('{"content":"v1"}');
      expect(await readdir(join(root, id))).toEqual([
        'adapter_config.json',
        'adapter_model.safetensors',
        'manifest.json',
      ]);
    }
  });

  it('still lead to the adapter when the root is moved', async () => {
    const moved = `${root}-moved`;
    await rename(root, moved);
    try {
      expect(await readFile(join(moved, ALIAS, 'adapter_config.json'), 'utf8')).toBe('{"content":"v1"}');
      const there = new FsAdapterStore({ root: moved });
      await there.open();
      expect((await there.read(ALIAS)).directory).toContain(moved);
    } finally {
      await rename(moved, root);
    }
  });

  it('follow a rollback, and go with their adapter, folder and all', async () => {
    await store.rollback(ID, 0);
    expect(await readFile(join(root, ALIAS, 'adapter_config.json'), 'utf8')).toBe('{"content":"v0"}');
    await store.remove(ID);
    expect(await readdir(root)).toEqual(['.claas']);
  });

  it('are made again when the store is opened: lost, wrong or left over', async () => {
    const before = await snapshotOf(store);
    await unlink(join(root, ALIAS));
    await unlink(layout.headLink(ID));
    await symlink(join('versions', '0'), layout.headLink(ID));
    await mkdir(join(root, 'ghosts'));
    await symlink('../.claas/adapters/ghosts~x/head', join(root, 'ghosts', 'x'));
    const again = await opened();
    expect(await snapshotOf(again)).toEqual(before);
    await expectSound(again, root);
    expect(await readdir(root)).toEqual(['.claas', 'user']);
  });

  it('never replace or remove what somebody else put below the root', async () => {
    await writeFile(join(root, 'notes.txt'), 'mine');
    await mkdir(join(root, 'mine', 'model'), { recursive: true });
    await writeFile(join(root, 'mine', 'model', 'weights'), 'mine');
    await symlink('/etc', join(root, 'elsewhere'));
    await opened();
    for (const id of ['mine/model', 'notes.txt', 'notes.txt/model', 'elsewhere', 'elsewhere/model']) {
      const directory = await staged('x');
      const creation = store.create(parseAdapterId(id), { directory, manifest: MANIFEST, aliases: [] });
      await expect(creation, id).rejects.toMatchObject({ code: 'storage_unavailable', message: /Move it away/ });
      const alias = store.setAlias(parseAdapterId(id), ID);
      await expect(alias, id).rejects.toMatchObject({ code: 'storage_unavailable' });
    }
    expect(await readFile(join(root, 'mine', 'model', 'weights'), 'utf8')).toBe('mine');
    expect((await lstat(join(root, 'elsewhere'))).isSymbolicLink()).toBe(true);
    expect((await store.list()).map(({ loraId }) => loraId)).toEqual([ID]);
  });
});

describe('damage on the disk', () => {
  it.each(['', '{', '{"format":1}', 'null', '{"format":2,"aliases":{}}', '{"format":1,"aliases":{"a":"../b"}}'])(
    'in the alias table (%s) is an error that names the file, and nothing is overwritten',
    async (text) => {
      await writeFile(layout.aliases, text);
      const failure = { code: 'storage_unavailable', message: expect.stringContaining(layout.aliases) as string };
      await expect(opened()).rejects.toMatchObject(failure);
      await expect(store.resolve(ALIAS)).rejects.toMatchObject(failure);
      await expect(store.aliases()).rejects.toMatchObject(failure);
      await expect(store.setAlias(ALIAS, ID)).rejects.toMatchObject(failure);
      expect(await readFile(layout.aliases, 'utf8')).toBe(text);
    },
  );

  it('that takes the alias table away is an error, not an empty table', async () => {
    await unlink(layout.aliases);
    await expect(opened()).rejects.toThrow(layout.aliases);
    await expect(store.aliases()).rejects.toThrow('is missing');
  });

  it.each(['', '{', 'null', '{"format":1,"loraId":"user/model-init","version":5,"nextVersion":2}'])(
    'in a head pointer (%s) is an error that names the file',
    async (text) => {
      await writeFile(layout.head(ID), text);
      const failure = { code: 'adapter_corrupt', message: expect.stringContaining(layout.head(ID)) as string };
      await expect(opened()).rejects.toMatchObject(failure);
      await expect(store.read(ID)).rejects.toMatchObject(failure);
      await expect(store.list()).rejects.toMatchObject(failure);
      await expect(store.rollback(ALIAS, 0)).rejects.toMatchObject(failure);
    },
  );

  it('in a version is an error of that version, and another can be rolled back to', async () => {
    const weights = join(layout.version(ID, 1), 'adapter_model.safetensors');
    const corrupt = { code: 'adapter_corrupt', details: { lora_id: ID, version: 1 } };
    await truncate(weights, 3);
    await expect(store.read(ID)).rejects.toMatchObject(corrupt);
    await unlink(weights);
    await expect(store.read(ID)).rejects.toMatchObject(corrupt);
    expect((await store.rollback(ID, 0)).manifest.version).toBe(0);
    await expect(store.rollback(ID, 1)).rejects.toMatchObject(corrupt);
    expect((await store.read(ID)).manifest.version).toBe(0);
  });

  it('that leaves the size alone is found by the checksum of an export', async () => {
    const weights = join(layout.version(ID, 1), 'adapter_model.safetensors');
    const { size } = await stat(weights);
    await writeFile(weights, 'x'.repeat(size));
    expect((await store.read(ID)).manifest.version).toBe(1);
    await expect(store.export(ID)).rejects.toMatchObject({ code: 'adapter_corrupt', message: /checksum/ });
  });

  it.each(['manifest.json', '.'])('that takes %s of a version away is an error', async (name) => {
    await rm(join(layout.version(ID, 1), name), { recursive: true });
    await expect(store.read(ID)).rejects.toMatchObject({ code: 'adapter_corrupt' });
    await expect(store.list()).rejects.toMatchObject({ code: 'adapter_corrupt' });
  });
});

describe('what others have left', () => {
  const GONE = `999999999~1~boot~${encodeURIComponent(hostname())}`;

  it('is swept when their process is gone, and kept when it may still run', async () => {
    const running = join(layout.staging, '1~1~boot~another-host~x');
    const left = join(layout.staging, `${GONE}~x`);
    for (const path of [running, left, join(layout.trash, 'x')]) await mkdir(path);
    await appendFile(join(left, 'half-written'), 'x');
    await opened();
    expect(await readdir(layout.staging)).toEqual(['1~1~boot~another-host~x']);
    expect(await readdir(layout.trash)).toEqual([]);
  });

  it('never keeps a lock whose process is gone, nor one of a broken breaker', async () => {
    await symlink(`${GONE}~11`, layout.lock);
    await symlink(`${GONE}~22`, `${layout.lock}.break-11`);
    const again = await opened();
    await expectSound(again, root);
  });

  it('is a version without a head only until the store is opened', async () => {
    const orphan = layout.version(ID, 2);
    await mkdir(orphan);
    await writeFile(join(orphan, 'manifest.json'), await readFile(join(layout.version(ID, 1), 'manifest.json')));
    expect((await store.versions(ID)).map(({ version }) => version)).toEqual([1, 0]);
    await expect(store.read(ID, 2)).rejects.toMatchObject({ code: 'adapter_version_not_found' });
    await expectSound(await opened(), root);
  });
});

describe('health', () => {
  it('says what is wrong when the root is gone', async () => {
    const gone = new FsAdapterStore({ root: join(root, 'not-there') });
    await expect(gone.health()).rejects.toMatchObject({ code: 'storage_unavailable', message: /not-there/ });
  });
});

const MANIFEST = {
  baseModel: 'clay-tiny',
  rank: 4,
  loraAlpha: 8,
  targetModules: ['q_proj'],
  origin: 'init',
  feedbackId: null,
  metrics: null,
  receipt: null,
} as const;

async function opened(): Promise<FsAdapterStore> {
  const other = new FsAdapterStore({ root });
  await other.open();
  return other;
}

async function staged(content: string): Promise<string> {
  const directory = await store.stage();
  await writeFile(join(directory, 'adapter_config.json'), JSON.stringify({ content }));
  await writeFile(join(directory, 'adapter_model.safetensors'), content.repeat(10));
  return directory;
}
