import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pack } from 'tar-stream';
import type { Header } from 'tar-stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RAW_CONFIG_FILE, RAW_WEIGHTS_FILE, unpackArchive } from './unpack-archive.js';

type Entry = readonly [Partial<Header> & { readonly name: string }, string];

const WEIGHTS: Entry = [{ name: 'adapter_model.safetensors' }, 'weights'];
const CONFIG: Entry = [{ name: 'adapter_config.json' }, '{}'];

let root: string;
let directory: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'claas-unpack-'));
  directory = await mkdtemp(join(root, 'version-'));
});
afterEach(() => rm(root, { recursive: true }));

async function unpack(...entries: readonly Entry[]): Promise<void> {
  const tar = pack();
  for (const [header, content] of entries) tar.entry(header, content);
  tar.finalize();
  await unpackArchive(Readable.from(tar), directory);
}

describe('an archive of the service', () => {
  it('gives its two files, in whatever order and beside whatever else', async () => {
    await unpack([{ name: 'README.md' }, 'read me'], [{ name: './adapter_config.json' }, '{}'], WEIGHTS);
    expect((await readdir(directory)).sort()).toEqual([RAW_CONFIG_FILE, RAW_WEIGHTS_FILE].sort());
    expect(await readFile(join(directory, RAW_WEIGHTS_FILE), 'utf8')).toBe('weights');
  });

  it.each<readonly [string, Entry]>([
    ['a symbolic link', [{ name: 'adapter_config.json', type: 'symlink', linkname: '/etc/passwd' }, '']],
    ['a hard link', [{ name: 'adapter_model.safetensors', type: 'link', linkname: '../secret' }, '']],
    ['a path out of it', [{ name: '../adapter_config.json' }, '{}']],
    ['an absolute path', [{ name: '/tmp/adapter_config.json' }, '{}']],
    ['a device', [{ name: 'adapter_config.json', type: 'character-device' }, '']],
  ])('is refused with %s, and nothing is written outside', async (_, entry) => {
    await expect(unpack(entry, WEIGHTS)).rejects.toMatchObject({ code: 'trainer_protocol' });
    expect(await readdir(root)).toHaveLength(1);
  });

  it('is refused when one of the files is missing', async () => {
    await expect(unpack(WEIGHTS)).rejects.toThrow(/no adapter_config.json/);
    await expect(unpack(CONFIG)).rejects.toThrow(/no adapter_model.safetensors/);
  });

  it('is refused when it is cut', async () => {
    const tar = pack();
    tar.entry({ name: 'adapter_model.safetensors' }, 'x'.repeat(5000));
    tar.finalize();
    const chunks: Buffer[] = [];
    for await (const chunk of tar) chunks.push(chunk as Buffer);
    await expect(unpackArchive(Readable.from([Buffer.concat(chunks).subarray(0, 2000)]), directory)).rejects.toThrow();
  });
});
