import { status } from '@grpc/grpc-js';
import { parseAdapterId } from '@claas/contracts';
import { ModalClient } from 'modal';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ModalVolumeAdapterStore } from '../modal-volume-adapter-store.js';
import { expectSound } from '../testing/soundness.js';
import { VOLUME_NAME, VolumeWorld, commitVersion, createVersion } from '../testing/volume-world.js';

const A = parseAdapterId('user/a');

let world: VolumeWorld;
let store: ModalVolumeAdapterStore;

beforeEach(async () => {
  world = await VolumeWorld.start();
  store = await world.open();
  await createVersion(store, A);
});

afterEach(() => world.close());

describe('a volume', () => {
  it('that is deleted while it is in use is not made again, and is said to be gone', async () => {
    await world.client.volumes.delete(VOLUME_NAME);
    for (const use of [
      () => store.read(A),
      () => store.list(),
      () => commitVersion(store, A, 0, 'x'),
      () => store.health(),
    ]) {
      await expect(use()).rejects.toThrow('claas-loras was deleted or emptied while it was in use');
    }
    await expect(world.client.volumes.fromName(VOLUME_NAME)).rejects.toThrow('not found');
  });

  it('whose names are lost is not taken for an empty one', async () => {
    world.double.volumes.named(VOLUME_NAME).remove('.claas/names', true);
    await expect(world.open()).rejects.toThrow('.claas/names is missing on the Modal volume claas-loras');
  });

  it('names the file when a record is damaged', async () => {
    const tree = world.double.volumes.named(VOLUME_NAME);
    const other = tree.file(world.files().find((name) => name.endsWith('config.json'))!)!;
    tree.put('.claas/names/000000000099.json', other);
    await expect(world.open()).rejects.toThrow('.claas/names/000000000099.json on the volume is damaged');
  });

  it('is emptied of what could not be removed at once', async () => {
    await commitVersion(store, A, 0, 'one');
    await createVersion(store, 'user/b');
    world.double.faults.set('VolumeRemoveFile2', { kind: 'fail', code: status.PERMISSION_DENIED });
    expect(await store.prune(A, { keep: 1, inUse: [] })).toEqual([0]);
    expect(await store.remove('user/b')).toBe(true);
    world.double.faults.clear();
    expect(world.files().filter((path) => path.includes('user~b~'))).not.toEqual([]);
    await expectSound(await world.open(), world);
  });
});

describe('credentials', () => {
  it('that are wrong are said so, with the names of the settings', async () => {
    const client = new ModalClient({ tokenId: world.double.tokenId, tokenSecret: 'wrong', maxRetries: 0 });
    await expect(world.open({ client })).rejects.toMatchObject({
      code: 'storage_unavailable',
      message: expect.stringMatching(/UNAUTHENTICATED.*Check MODAL_TOKEN_ID and MODAL_TOKEN_SECRET\./) as string,
    });
    client.close();
  });
});
