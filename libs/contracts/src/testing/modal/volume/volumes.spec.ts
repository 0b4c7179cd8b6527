import { createHash } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import { ModalClient } from 'modal';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ModalDouble } from '../modal-double.js';
import { BLOCK_BYTES } from './volume-tree.js';

describe('volumes of the double, through the SDK', () => {
  let double: ModalDouble;
  let client: ModalClient;
  let volumeId: string;

  beforeEach(async () => {
    double = await ModalDouble.start();
    for (const [name, value] of Object.entries(double.environment)) vi.stubEnv(name, value);
    client = new ModalClient();
    ({ volumeId } = await client.volumes.fromName('claas-loras', { createIfMissing: true, version: 2 }));
  });

  afterEach(async () => {
    client.close();
    vi.unstubAllEnvs();
    await double.close();
  });

  const split = (content: Buffer): Buffer[] =>
    Array.from({ length: Math.ceil(content.length / BLOCK_BYTES) }, (_, index) =>
      content.subarray(index * BLOCK_BYTES, (index + 1) * BLOCK_BYTES),
    );

  async function put(path: string, content: Buffer, disallowOverwriteExistingFiles = false): Promise<number> {
    const blocks = split(content).map((block) => ({ contentsSha256: createHash('sha256').update(block).digest() }));
    const request = { volumeId, files: [{ path, size: content.length, blocks }], disallowOverwriteExistingFiles };
    const { missingBlocks } = await client.cpClient.volumePutFiles2(request);
    const proven: { contentsSha256: Buffer; putResponse?: Uint8Array }[] = [...blocks];
    for (const { blockIndex, putUrl } of missingBlocks) {
      const answer = await fetch(putUrl, { method: 'PUT', body: new Uint8Array(split(content)[blockIndex]!) });
      expect(answer.status).toBe(200);
      proven[blockIndex] = { ...blocks[blockIndex]!, putResponse: new Uint8Array(await answer.arrayBuffer()) };
    }
    if (missingBlocks.length > 0) {
      const again = await client.cpClient.volumePutFiles2({
        ...request,
        files: [{ path, size: content.length, blocks: proven }],
      });
      expect(again.missingBlocks).toEqual([]);
    }
    return missingBlocks.length;
  }

  async function get(path: string, range: { start?: number; len?: number } = {}): Promise<Buffer> {
    const request = { volumeId, path, start: 0, len: 0, clientPadsBlocks: false, ...range };
    const { getUrls } = await client.cpClient.volumeGetFile2(request);
    const parts = await Promise.all(getUrls.map(async (url) => Buffer.from(await (await fetch(url)).arrayBuffer())));
    return Buffer.concat(parts);
  }

  async function list(path: string, recursive = false): Promise<[string, number, number][]> {
    const entries: [string, number, number][] = [];
    for await (const answer of client.cpClient.volumeListFiles2({ volumeId, path, recursive })) {
      for (const entry of answer.entries) entries.push([entry.path, entry.type, entry.size]);
    }
    return entries;
  }

  const content = Buffer.alloc(BLOCK_BYTES + 1000, 'adapter ');

  it('keeps a file of two blocks, asks for each block once, and gives ranges across them', async () => {
    expect(await put('a/b/weights', content)).toBe(2);
    expect(await put('a/b/weights', content)).toBe(0);
    expect((await get('a/b/weights')).equals(content)).toBe(true);
    const range = { start: BLOCK_BYTES - 10, len: 30 };
    expect(await get('a/b/weights', range)).toEqual(content.subarray(range.start, range.start + range.len));
  });

  it('lists, copies and removes', async () => {
    await put('a/b/one', Buffer.from('1'));
    await put('a/two', Buffer.from('22'));
    expect(await list('a')).toEqual([
      ['a/b', 2, 0],
      ['a/two', 1, 2],
    ]);
    await client.cpClient.volumeCopyFiles2({ volumeId, srcPaths: ['a'], dstPath: 'c', recursive: true });
    expect(await list('/', true)).toHaveLength(8);
    await client.cpClient.volumeRemoveFile2({ volumeId, path: 'a', recursive: true });
    await expect(list('a')).rejects.toMatchObject({ code: status.NOT_FOUND });
    expect(await get('c/b/one')).toEqual(Buffer.from('1'));
  });

  it('creates a file only once where overwriting is not allowed, and no file in place of a directory', async () => {
    await put('heads/1', Buffer.from('first'), true);
    await expect(put('heads/1', Buffer.from('second'), true)).rejects.toMatchObject({ code: status.ALREADY_EXISTS });
    await expect(put('heads', Buffer.from('x'))).rejects.toMatchObject({ code: status.FAILED_PRECONDITION });
    await expect(put('heads/1/x', Buffer.from('x'))).rejects.toMatchObject({ code: status.FAILED_PRECONDITION });
    expect((await get('heads/1')).toString()).toBe('first');
  });

  it('takes no block whose content is another, nor one that was not uploaded', async () => {
    const contentsSha256 = createHash('sha256').update('right').digest();
    const file = { path: 'x', size: 5, blocks: [{ contentsSha256 }] };
    const request = { volumeId, files: [file], disallowOverwriteExistingFiles: false };
    const { missingBlocks } = await client.cpClient.volumePutFiles2(request);
    expect((await fetch(missingBlocks[0]!.putUrl, { method: 'PUT', body: 'wrong' })).status).toBe(400);
    const invented = { ...file, blocks: [{ contentsSha256, putResponse: Buffer.from('invented') }] };
    expect((await client.cpClient.volumePutFiles2({ ...request, files: [invented] })).missingBlocks).toHaveLength(1);
    await expect(get('x')).rejects.toMatchObject({ code: status.NOT_FOUND });
  });

  it('refuses a URL that has expired', async () => {
    await put('x', Buffer.from('x'));
    const request = { volumeId, path: 'x', start: 0, len: 0, clientPadsBlocks: false };
    const { getUrls } = await client.cpClient.volumeGetFile2(request);
    double.blocks.expireUrls();
    expect((await fetch(getUrls[0]!)).status).toBe(403);
  });

  it('forgets a volume that is deleted', async () => {
    await put('x', Buffer.from('x'));
    await client.volumes.delete('claas-loras');
    await expect(get('x')).rejects.toMatchObject({ code: status.NOT_FOUND });
    await expect(client.volumes.fromName('claas-loras')).rejects.toThrow('not found');
  });
});
