import { parseAdapterId, type AdapterStore } from '@claas/contracts';
import { snapshotOf } from '@claas/contracts/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectSound } from '../testing/soundness.js';
import { VOLUME_NAME, VolumeWorld, commitVersion, createVersion } from '../testing/volume-world.js';

const A = parseAdapterId('user/a');

/** Every change that the store can make, from the state that `beforeAll` prepares. */
const CHANGES: Record<string, (store: AdapterStore) => Promise<unknown>> = {
  'a creation with aliases': (store) => createVersion(store, 'new/c', ['new/latest', 'new/other']),
  'a commit': (store) => commitVersion(store, A, 3, 'late'),
  'a rollback': (store) => store.rollback(A, 1),
  'a new alias': (store) => store.setAlias(parseAdapterId('deep/er/alias'), A),
  'an alias that moves': (store) => store.setAlias(parseAdapterId('moving'), parseAdapterId('user/b')),
  'the removal of an alias': (store) => store.remove('moving'),
  'the removal of an adapter': (store) => store.remove(A),
  'the removal of two old versions': (store) => store.prune(A, { keep: 2, inUse: [] }),
};

class PowerCut extends Error {}

let world: VolumeWorld;
/** Copies that the stores of all cuts share, so that each only brings what is new. */
let cacheDirectory: string;

beforeAll(async () => {
  world = await VolumeWorld.start();
  cacheDirectory = world.newCache();
  const store = await world.open();
  await createVersion(store, A, ['user/a-latest', 'moving']);
  await createVersion(store, 'user/b');
  for (const parent of [0, 1, 2]) await commitVersion(store, A, parent, `feedback-${parent + 1}`);
});

afterAll(() => world.close());

describe.each(Object.entries(CHANGES))('the end of a process during %s', (_name, change) => {
  it(
    'leaves the state before or after it, whichever write it hits, and nothing else',
    { timeout: 60_000 },
    async () => {
      const before = await snapshotOf(await world.open());
      const uncut = copyOfVolume();
      const uncutStore = await world.open({ volume: uncut });
      await change(uncutStore);
      const after = await snapshotOf(uncutStore);
      await expectSound(uncutStore, world, uncut);
      expect(after).not.toEqual(before);

      const ends = new Set<string>();
      for (let writes = 0; ; writes += 1) {
        const volume = copyOfVolume();
        const isCut = await cutAfter(writes, volume, change);
        const store = await world.open({ volume, cacheDirectory });
        await expectSound(store, world, volume);
        const state = await snapshotOf(store);
        expect([before, after], `cut after ${writes} writes`).toContainEqual(state);
        ends.add(JSON.stringify(state));
        if (!isCut) {
          expect(state).toEqual(after);
          break;
        }
      }
      expect(ends.size).toBe(2);
    },
  );
});

describe('a change after the end of a process', () => {
  it('goes through in another process that was open all the time', { timeout: 60_000 }, async () => {
    for (let writes = 0; ; writes += 4) {
      const volume = copyOfVolume();
      const other = await world.open({ volume, cacheDirectory });
      const isCut = await cutAfter(writes, volume, (store) => commitVersion(store, A, 3, 'late'));
      const head = (await other.read(A)).manifest.version;
      expect((await commitVersion(other, A, head, 'again')).manifest.version).toBe(head + 1);
      await expectSound(await world.open({ volume, cacheDirectory }), world, volume);
      if (!isCut) return;
    }
  });
});

let copies = 0;
function copyOfVolume(): string {
  copies += 1;
  const name = `${VOLUME_NAME}-${copies}`;
  world.double.volumes.copy(VOLUME_NAME, name);
  return name;
}

/** True when the change did not get through. */
async function cutAfter(
  writes: number,
  volume: string,
  change: (store: AdapterStore) => Promise<unknown>,
): Promise<boolean> {
  let left = Number.POSITIVE_INFINITY;
  let isCut = false;
  const beforeWrite = (step: string): void => {
    // Once the process has ended, nothing is written any more: no cleaning up either.
    if (left <= 0) {
      isCut = true;
      throw new PowerCut(step);
    }
    left -= 1;
  };
  const store = await world.open({ volume, cacheDirectory, beforeWrite });
  left = writes;
  // A removal that is cut while it cleans up has come true, and doesn't fail.
  await change(store).catch((error: unknown) => {
    expect(error).toBeInstanceOf(PowerCut);
  });
  return isCut;
}
