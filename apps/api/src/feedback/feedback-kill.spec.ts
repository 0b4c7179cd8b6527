import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Logger } from '@nestjs/common';
import { parseAdapterId } from '@claas/contracts';
import { openDatabase } from '../database/open-database.js';
import { copyEmbeddedTemplate } from '../database/testing/embedded-template.js';
import { TestProgram } from '../database/testing/test-program.js';
import { FeedbackWorld } from './testing/feedback-world.js';
import { expectServedIsHead } from './testing/use-feedback-worlds.js';

const KILLS = 8;
const PROGRAM = new URL('testing/learn-forever.ts', import.meta.url);
const ID = parseAdapterId('user/killed');

Logger.overrideLogger(false);
const folder = mkdtempSync(join(tmpdir(), 'claas-kill-'));
beforeAll(() => copyEmbeddedTemplate(join(folder, 'database')));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('a service that is killed', () => {
  it(`has learned each accepted feedback exactly once, in order, after ${KILLS} kills at random moments`, async () => {
    const accepted: string[] = [];
    for (let kill = 0; kill < KILLS; kill += 1) {
      const program = TestProgram.start(PROGRAM, [folder, ID]);
      await program.says('accepted');
      await delay(Math.random() * 300);
      await program.kill();
      for (const line of program.said) {
        if (line.startsWith('accepted ')) accepted.push(line.slice('accepted '.length));
      }
    }
    const database = await openDatabase({ url: null, directory: join(folder, 'database') });
    const options = { database, root: join(folder, 'loras'), logDirectory: join(folder, 'log') };
    const world = await FeedbackWorld.start(options);
    await world.processor.idle();
    const learned = await world.headLearned(ID);
    expect(new Set(learned).size).toBe(learned.length);
    // One that was accepted a moment before the kill may not have been said.
    expect(learned.filter((requestId) => accepted.includes(requestId))).toEqual(accepted);
    expect(learned.length - accepted.length).toBeLessThanOrEqual(KILLS);
    for (const requestId of learned) expect((await world.service.find(requestId)).state).toBe('verified');
    expect((await world.store.versions(ID))[0]?.version).toBe(learned.length);
    await expectServedIsHead(world, ID);
    await world.end();
    await database.close();
  }, 600_000);
});
