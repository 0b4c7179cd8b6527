import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { AdapterCorruptError, parseAdapterId, type AdapterStore } from '@claas/contracts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BLOCK_BYTES } from '../blocks/block-buffers.js';
import type { ModalVolumeAdapterStore } from '../modal-volume-adapter-store.js';
import type { TransferProgress } from '../version/transfer-progress.js';
import { expectSound } from '../testing/soundness.js';
import {
  VOLUME_NAME,
  VolumeWorld,
  commitVersion,
  createVersion,
  manifestOf,
  stageVersion,
} from '../testing/volume-world.js';

const A = parseAdapterId('user/a');
const WEIGHTS = 'adapter_model.safetensors';
/** Three blocks, the last one short. */
const LARGE = randomBytes(2 * BLOCK_BYTES + 1000);

let world: VolumeWorld;
let store: ModalVolumeAdapterStore;

beforeEach(async () => {
  world = await VolumeWorld.start();
  store = await world.open({ callTimeoutMs: 1_500 });
  await createVersion(store, A);
  world.count('');
});

afterEach(() => world.close());

/** Nothing has changed for anybody, and the volume holds nothing more than before. */
async function expectUnchanged(): Promise<void> {
  world.double.faults.clear();
  const other = await world.open();
  expect((await other.versions(A)).map(({ version }) => version)).toEqual([0]);
  await expectSound(other, world);
}

async function expectCommitted(feedbackId: string, content: Buffer | string = feedbackId): Promise<void> {
  world.double.faults.clear();
  const other = await world.open();
  const { manifest, directory } = await other.read(A);
  expect(manifest).toMatchObject({ version: 1, parent: 0, feedbackId });
  expect((await readFile(join(directory, WEIGHTS))).equals(Buffer.from(content))).toBe(true);
  expect(await other.versions(A)).toHaveLength(2);
  await expectSound(other, world);
}

describe('a commit', () => {
  it('fails and changes nothing while calls are refused, and goes through with the same files afterwards', async () => {
    const directory = await stageVersion(store, 'late');
    const commit = () => store.commit(A, { parent: 0, directory, manifest: manifestOf('late') });
    world.double.faults.set('VolumePutFiles2', { kind: 'fail', code: status.UNAVAILABLE });
    await expect(commit()).rejects.toMatchObject({ code: 'storage_unavailable' });
    await expectUnchanged();
    expect((await commit()).manifest.version).toBe(1);
  });

  it('waits while calls are refused for a moment', async () => {
    world.double.faults.set('VolumePutFiles2', { kind: 'fail', code: status.UNAVAILABLE, times: 2 });
    await commitVersion(store, A, 0, 'once');
    await expectCommitted('once');
  });

  it('goes on with the blocks that are missing when the upload is cut', async () => {
    world.double.faults.set('PutBlock', { kind: 'reset', skip: 2, times: 2 });
    await commitVersion(store, A, 0, 'cut', LARGE);
    // Config, three blocks, manifest, head; and two that came again.
    expect(world.count('PutBlock')).toBe(8);
    await expectCommitted('cut', LARGE);
  });

  it('fails and leaves nothing behind when blocks never get through', { timeout: 60_000 }, async () => {
    world.double.faults.set('PutBlock', { kind: 'reset', skip: 2 });
    await expect(commitVersion(store, A, 0, 'never', LARGE)).rejects.toMatchObject({ code: 'storage_unavailable' });
    await expectUnchanged();
  });

  it('asks for new URLs when those of the blocks have expired', async () => {
    let expired = 0;
    const beforeWrite = (step: string): void => {
      if (!step.startsWith('put block') || expired === 2) return;
      expired += 1;
      world.double.blocks.expireUrls();
    };
    await commitVersion(await world.open({ beforeWrite }), A, 0, 'expired', LARGE);
    expect(expired).toBe(2);
    await expectCommitted('expired', LARGE);
  });

  it('is not stopped by a server that stalls once, in a call and in a block', async () => {
    world.double.faults.set('VolumePutFiles2', { kind: 'hang', times: 1 });
    world.double.faults.set('PutBlock', { kind: 'hang', times: 1 });
    await commitVersion(store, A, 0, 'stalled');
    await expectCommitted('stalled');
  });

  it('fails in the end when the server stalls for ever', { timeout: 60_000 }, async () => {
    world.double.faults.set('VolumePutFiles2', { kind: 'hang' });
    await expect(commitVersion(store, A, 0, 'stalled')).rejects.toMatchObject({ code: 'storage_unavailable' });
    await expectUnchanged();
  });

  it('goes through when the server starts again in the middle of an upload', async () => {
    world.double.faults.set('PutBlock', { kind: 'die', skip: 1, times: 1 });
    world.count('PutBlock');
    const commit = commitVersion(store, A, 0, 'restarted', LARGE);
    const puts = (): number => world.double.rpcs().filter((rpc) => rpc === 'PutBlock').length;
    // With the second one it is dead: a restart before that would be followed by a death that nobody mends.
    await expect.poll(puts, { interval: 5 }).toBeGreaterThan(1);
    await world.double.restart();
    await commit;
    await expectCommitted('restarted', LARGE);
  });

  it('is made once when the answer to its last call is lost', async () => {
    const committing = await world.open({
      beforeWrite: failingHead({ kind: 'fail', code: status.INTERNAL, times: 1 }),
    });
    expect((await commitVersion(committing, A, 0, 'lost')).manifest.version).toBe(1);
    await expectCommitted('lost');
  });

  it(
    'says that it failed when the server dies after its last call, and is found to have come true',
    { timeout: 60_000 },
    async () => {
      const committing = await world.open({ beforeWrite: failingHead({ kind: 'die', times: 1 }) });
      await expect(commitVersion(committing, A, 0, 'unsure')).rejects.toMatchObject({ code: 'storage_unavailable' });
      await world.restart();
      await expectCommitted('unsure');
      await expect(commitVersion(committing, A, 0, 'again')).rejects.toMatchObject({ code: 'stale_parent', head: 1 });
    },
  );

  it('is refused as stale when listings don’t show yet what another process committed', async () => {
    const other = await world.open();
    world.double.volumes.holdListings();
    await commitVersion(other, A, 0, 'first');
    expect((await store.read(A)).manifest.version).toBe(0);
    await expect(commitVersion(store, A, 0, 'second')).rejects.toMatchObject({ code: 'stale_parent', head: 1 });
    expect((await store.read(A)).manifest.version).toBe(1);
    world.double.volumes.releaseListings();
    await expectCommitted('first');
  });

  it('of one of several processes wins, wherever they are in it', async () => {
    const stores = [store, await world.open(), await world.open(), await world.open()];
    const commits = stores.map((racing, index) => commitVersion(racing, A, 0, `racer-${index}`));
    const outcomes = await Promise.allSettled(commits);
    const lost = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as unknown] : []));
    expect(lost).toHaveLength(3);
    for (const reason of lost) expect(reason).toMatchObject({ code: 'stale_parent', parent: 0, head: 1 });
    const { feedbackId } = (await store.read(A)).manifest;
    await expectCommitted(feedbackId!);
  });
});

describe('a read', () => {
  beforeEach(async () => {
    await commitVersion(store, A, 0, 'large', LARGE);
  });

  const readIn = async (reader: AdapterStore): Promise<Buffer> => {
    const { directory } = await reader.read(A);
    return readFile(join(directory, WEIGHTS));
  };

  it('goes on with the blocks that are missing when the download is cut or its URLs have expired', async () => {
    const reader = await world.open();
    world.count('');
    world.double.faults.set('GetBlock', { kind: 'reset', skip: 2, times: 2 });
    expect((await readIn(reader)).equals(LARGE)).toBe(true);
    // Manifest, config, three blocks; and two again.
    expect(world.count('GetBlock')).toBe(7);
    const next = await world.open();
    world.double.faults.set('GetBlock', { kind: 'fail', httpStatus: 403, skip: 2, times: 2 });
    expect((await readIn(next)).equals(LARGE)).toBe(true);
    expect(world.double.rpcs().filter((rpc) => rpc === 'VolumeGetFile2').length).toBeGreaterThanOrEqual(4);
  });

  it('goes on in the next process with what the one before it has brought', { timeout: 60_000 }, async () => {
    const cacheDirectory = world.newCache();
    const reader = await world.open({ cacheDirectory });
    world.double.faults.set('GetBlock', { kind: 'reset', skip: 3 });
    await expect(reader.read(A)).rejects.toMatchObject({ code: 'storage_unavailable' });
    world.double.faults.clear();
    const next = await world.open({ cacheDirectory });
    world.count('');
    expect((await readIn(next)).equals(LARGE)).toBe(true);
    // The manifest, and the two blocks that had not come.
    expect(world.count('GetBlock')).toBe(3);
  });

  it('fails when the server is away, and reads what is known again when it is back', { timeout: 60_000 }, async () => {
    world.double.die();
    await expect(store.read(A)).rejects.toMatchObject({ code: 'storage_unavailable' });
    await expect(store.health()).rejects.toMatchObject({ code: 'storage_unavailable' });
    await world.restart();
    world.count('');
    expect((await readIn(store)).equals(LARGE)).toBe(true);
    expect(world.count('GetBlock')).toBe(0);
  });

  it('takes a damaged copy for none, and brings the version again', async () => {
    const cacheDirectory = world.newCache();
    const { directory } = await (await world.open({ cacheDirectory })).read(A);
    await writeFile(join(directory, WEIGHTS), randomBytes(LARGE.length));
    expect((await readIn(await world.open({ cacheDirectory }))).equals(LARGE)).toBe(true);
  });

  it('refuses a version that is damaged on the volume', async () => {
    const [path] = world.files().filter((name) => /versions\/1~.*safetensors$/.test(name));
    const [block] = world.double.volumes.named(VOLUME_NAME).file(path!)!.blocks;
    await writeFile(world.double.blocks.path(block!), randomBytes(BLOCK_BYTES));
    const reader = await world.open();
    await expect(reader.read(A)).rejects.toBeInstanceOf(AdapterCorruptError);
    await expect(reader.read(A)).rejects.toThrow(/Version 1 of LoRA user\/a is damaged .*checksum/);
    expect((await reader.read(A, 0)).manifest.version).toBe(0);
  });

  it('goes back to the listing when the newest record is gone', async () => {
    const heads = world.files().filter((name) => name.includes('/heads/'));
    world.double.volumes.named(VOLUME_NAME).remove(heads.at(-1)!, false);
    expect((await store.read(A)).manifest.version).toBe(0);
  });
});

describe('progress', () => {
  it('grows block by block to the whole, up and down', async () => {
    const seen: TransferProgress[] = [];
    const onProgress = (progress: TransferProgress) => seen.push(progress);
    await commitVersion(await world.open({ onProgress }), A, 0, 'large', LARGE);
    await (await world.open({ onProgress })).read(A);
    const totalBytes =
      LARGE.length + (await readFile(join((await store.read(A)).directory, 'adapter_config.json'))).length;
    for (const direction of ['upload', 'download']) {
      const steps = seen.filter((progress) => progress.direction === direction);
      expect(steps).toHaveLength(4);
      expect(steps.map(({ bytes }) => bytes)).toEqual(steps.map(({ bytes }) => bytes).sort((a, b) => a - b));
      expect(steps.at(-1)).toEqual({ direction, what: 'version 1 of user/a', bytes: totalBytes, totalBytes });
    }
  });
});

/** Spoils the call that puts the next head record in place, after it has taken effect. */
function failingHead(fault: { kind: 'fail' | 'die'; code?: status; times: number }): (step: string) => void {
  return (step) => {
    const isRecord = /^put block 0 of .*\/heads\//.test(step);
    if (isRecord) world.double.faults.set('VolumePutFiles2', { ...fault, when: 'after' });
  };
}
