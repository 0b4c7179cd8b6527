import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { CommittingProcess } from '@claas/contracts/testing';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { expectSound } from '../testing/soundness.js';
import { VolumeWorld, createVersion } from '../testing/volume-world.js';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
const PROGRAM = fileURLToPath(new URL('../testing/__fixtures__/commit-forever.mjs', import.meta.url));
const COMMIT_LARGE = fileURLToPath(new URL('../testing/__fixtures__/commit-large.mjs', import.meta.url));
const KILLS = 5;
const ID = 'user/model';

let world: VolumeWorld;

beforeAll(async () => {
  // The children run what is compiled.
  const compiler = createRequire(import.meta.url).resolve('typescript/bin/tsc');
  await promisify(execFile)(process.execPath, [compiler, '-b', PROJECT]);
});

beforeEach(async () => {
  world = await VolumeWorld.start();
  await createVersion(await world.open(), ID);
});

afterEach(() => world.close());

describe('a volume that processes write to', () => {
  it(`is whole after each of ${KILLS} kills at random moments, and keeps what was said to be committed`, async () => {
    const cache = world.newCache();
    const feedbackOf = new Map<number, string>();
    for (let kill = 0; kill < KILLS; kill += 1) {
      const writer = startWriter(cache, `kill-${kill}`);
      await writer.firstCommit();
      await delay(Math.random() * 200);
      await writer.kill();
      const store = await world.open();
      await expectSound(store, world);
      const head = (await store.read(ID)).manifest;
      expect(head.version - (writer.commits.at(-1)?.version ?? 0)).toBeOneOf([0, 1]);
      for (const { version, feedbackId } of writer.commits) {
        expect(feedbackOf.has(version), `number ${version} is used again`).toBe(false);
        feedbackOf.set(version, feedbackId);
      }
      feedbackOf.set(head.version, head.feedbackId!);
      for (const { version, feedbackId } of await store.versions(ID)) {
        if (feedbackId !== null) expect(feedbackOf.get(version)).toBe(feedbackId);
      }
    }
  });

  it('loses no commit of two of them', async () => {
    const writers = [startWriter(world.newCache(), 'one', 10), startWriter(world.newCache(), 'two', 10)];
    expect(await Promise.all(writers.map((writer) => writer.ended))).toEqual([0, 0]);
    const commits = writers.flatMap((writer) => writer.commits).sort((a, b) => a.version - b.version);
    expect(commits.map(({ version }) => version)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
    const store = await world.open();
    await expectSound(store, world);
    for (const { version, parent, feedbackId } of await store.versions(ID)) {
      expect([parent, feedbackId]).toEqual([version - 1, commits[version - 1]?.feedbackId]);
    }
  });
});

describe('an upload that ends with its process', () => {
  it('goes on in the next one with the blocks that are missing', async () => {
    const cache = world.newCache();
    const proofs = async (): Promise<number> => (await readdir(cache, { recursive: true })).filter(isProof).length;
    const puts = (): number => world.double.rpcs().filter((rpc) => rpc === 'PutBlock').length;
    world.count('PutBlock');
    world.double.faults.set('PutBlock', { kind: 'hang', skip: 4 });
    const first = spawn(process.execPath, [COMMIT_LARGE, cache], { stdio: ['ignore', 'ignore', 'inherit'] });
    await expect.poll(proofs).toBeGreaterThan(1);
    first.kill('SIGKILL');
    await once(first, 'exit');
    const kept = await proofs();
    world.double.faults.clear();
    world.count('PutBlock');
    await promisify(execFile)(process.execPath, [COMMIT_LARGE, cache]);
    // The announcement of the process, config, four blocks, manifest, head.
    expect(puts()).toBe(8 - kept);
    expect(await proofs()).toBe(0);
    const store = await world.open();
    expect((await store.read(ID)).manifest.version).toBe(1);
    await expectSound(store, world);
  });
});

function isProof(path: string): boolean {
  return /proofs.[0-9a-f]{64}$/.test(path);
}

/** A process that commits until it is killed, or has done `count`. */
function startWriter(cache: string, name: string, count = Number.POSITIVE_INFINITY): CommittingProcess {
  return new CommittingProcess(PROGRAM, [cache, name, String(count)], world.double.environment);
}
