import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parseAdapterId } from '@claas/contracts';
import { CommittingProcess } from '@claas/contracts/testing';
import { FsAdapterStore } from '../fs-adapter-store.js';
import { expectSound } from '../testing/soundness.js';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
const PROGRAM = fileURLToPath(new URL('__fixtures__/commit-forever.mjs', import.meta.url));
const KILLS = 20;
const ID = parseAdapterId('user/model');

let root: string;

beforeAll(async () => {
  // The children run what is compiled.
  const compiler = createRequire(import.meta.url).resolve('typescript/bin/tsc');
  await promisify(execFile)(process.execPath, [compiler, '-b', PROJECT]);
});

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'claas-kill-'));
  const store = await opened();
  const directory = await store.stage();
  await writeFile(join(directory, 'adapter_config.json'), '{}');
  await writeFile(join(directory, 'adapter_model.safetensors'), 'weights');
  const shape = { baseModel: 'clay-tiny', rank: 4, loraAlpha: 8, targetModules: ['q_proj'] as const };
  const manifest = { ...shape, origin: 'init', feedbackId: null, metrics: null, receipt: null } as const;
  await store.create(ID, { directory, manifest, aliases: [] });
});

afterEach(() => rm(root, { recursive: true }));

describe('a store whose process is killed', () => {
  it(`is whole after each of ${KILLS} kills at random moments`, { timeout: 300_000 }, async () => {
    const feedbackOf = new Map<number, string>();
    for (let kill = 0; kill < KILLS; kill += 1) {
      const writer = startWriter(`kill-${kill}`);
      await writer.firstCommit();
      await delay(Math.random() * 60);
      await writer.kill();

      const store = await opened();
      await expectSound(store, root);
      const head = (await store.read(ID)).manifest;
      const last = writer.commits.at(-1);
      // What was said to be committed is there; at most one commit more had no time to be said.
      expect(head.version - (last?.version ?? 0)).toBeOneOf([0, 1]);
      for (const { version, feedbackId } of await store.versions(ID)) {
        if (feedbackId !== null) expect(feedbackOf.get(version) ?? feedbackId).toBe(feedbackId);
      }
      for (const { version, feedbackId } of writer.commits) {
        expect(feedbackOf.has(version), `number ${version} is used again`).toBe(false);
        feedbackOf.set(version, feedbackId);
      }
      if (head.feedbackId !== null) feedbackOf.set(head.version, head.feedbackId);
    }
    expect(feedbackOf.size).toBeGreaterThanOrEqual(KILLS);
  });
});

describe('a store that several processes write to', () => {
  it('loses no commit', { timeout: 300_000 }, async () => {
    const writers = [startWriter('one', 25), startWriter('two', 25)];
    const codes = await Promise.all(writers.map((writer) => writer.ended));
    expect(codes).toEqual([0, 0]);
    const commits = writers.flatMap((writer) => writer.commits).sort((a, b) => a.version - b.version);
    expect(commits.map(({ version }) => version)).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
    const store = await opened();
    await expectSound(store, root);
    for (const { version, parent, feedbackId } of await store.versions(ID)) {
      if (version === 0) continue;
      expect(parent).toBe(version - 1);
      expect(commits[version - 1]?.feedbackId).toBe(feedbackId);
    }
  });

  it('goes on when one of them is killed, again and again', { timeout: 300_000 }, async () => {
    const survivor = startWriter('survivor');
    await survivor.firstCommit();
    for (let kill = 0; kill < 8; kill += 1) {
      const victim = startWriter(`victim-${kill}`);
      await victim.firstCommit();
      await delay(Math.random() * 40);
      await victim.kill();
      const before = survivor.commits.length;
      await expect.poll(() => survivor.commits.length, { timeout: 60_000, interval: 5 }).toBeGreaterThan(before);
    }
    await survivor.kill();
    await expectSound(await opened(), root);
  });
});

/** A process that commits until it is killed, or has done `count`. */
function startWriter(name: string, count = Number.POSITIVE_INFINITY): CommittingProcess {
  return new CommittingProcess(PROGRAM, [root, name, String(count)]);
}

async function opened(): Promise<FsAdapterStore> {
  const store = new FsAdapterStore({ root });
  await store.open();
  return store;
}
