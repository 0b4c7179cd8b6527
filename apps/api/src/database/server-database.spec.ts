import { sql } from 'drizzle-orm';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, afterEach, describe, expect, it, vi } from 'vitest';
import { FeedbackRepository } from '../feedback/feedback-repository.js';
import { sampleNewFeedback } from '../feedback/testing/sample-feedback.js';
import type { Notice } from './bulletin.js';
import { ServerDatabase } from './server-database.js';
import { SessionLostError } from './session-lost-error.js';
import { DATABASES_UNDER_TEST, type TemporaryDatabase } from './testing/databases-under-test.js';

const [, onServer] = DATABASES_UNDER_TEST;
const skipped = onServer === undefined ? 'not tested' : onServer.skipped;
const SOON = { timeout: 25_000, interval: 20 };

describe.skipIf(skipped !== null)(`a database on a server (${skipped ?? 'available'})`, () => {
  let temporary: TemporaryDatabase | undefined;
  let databases: ServerDatabase[];

  beforeAll(async () => {
    temporary = await onServer?.create();
  });
  afterAll(() => temporary?.remove());
  beforeEach(() => {
    databases = [];
  });
  afterEach(async () => {
    for (const database of databases) await database.close();
  });

  const urlOf = (): string => temporary?.settings.url ?? '';
  const open = async (): Promise<ServerDatabase> => {
    const database = await ServerDatabase.open(urlOf());
    databases.push(database);
    return database;
  };

  async function cutConnections(namedLike: string): Promise<void> {
    const client = new pg.Client({ connectionString: urlOf() });
    await client.connect();
    await client.query(
      'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name like $1',
      [namedLike],
    );
    await client.end();
  }

  it('is opened by several at once, and migrated once', async () => {
    const [first, second] = await Promise.all([open(), open(), open()]);
    const feedback = await new FeedbackRepository(first).insert(sampleNewFeedback());
    expect(await new FeedbackRepository(second).find(feedback?.requestId ?? '')).toEqual(feedback);
  });

  it('survives that all of its connections are cut', async () => {
    const database = await open();
    const repository = new FeedbackRepository(database);
    const before = await repository.insert(sampleNewFeedback());
    await cutConnections('claas%');
    await vi.waitFor(() => database.health(), SOON);
    expect(await repository.find(before?.requestId ?? '')).toEqual(before);
  });

  it('gives a lock to one session at a time, in order, and to the next when a session ends in whichever way', async () => {
    const database = await open();
    const [first, second, third] = [
      await database.openSession('first'),
      await database.openSession('second'),
      await database.openSession('third'),
    ];
    await first.lock('a');
    await first.lock('another');
    const order: string[] = [];
    const waiting = [
      second.lock('a').then(() => order.push('second')),
      vi
        .waitFor(async () => {
          expect(await countWaiting(database)).toBe(1);
        }, SOON)
        .then(() => third.lock('a'))
        .then(() => order.push('third')),
    ];
    await vi.waitFor(async () => {
      expect(await countWaiting(database)).toBe(2);
    }, SOON);
    expect(order).toEqual([]);
    await cutConnections('claas-api first%');
    await vi.waitFor(() => {
      expect(order).toEqual(['second']);
    }, SOON);
    await expect(first.assertAlive()).rejects.toThrow(SessionLostError);
    expect(first.lost.aborted).toBe(true);
    await second.assertAlive();
    await second.close();
    await Promise.all(waiting);
    expect(order).toEqual(['second', 'third']);
    await third.close();
    await expect(third.lock('a')).rejects.toThrow(SessionLostError);
  });

  it('carries notices to the others alone, also after the connection was cut', async () => {
    const [sender, receiver] = [await open(), await open()];
    const heard: Notice[] = [];
    const echoes: Notice[] = [];
    receiver.bulletin.onNotice((notice) => heard.push(notice));
    sender.bulletin.onNotice((notice) => echoes.push(notice));
    expect(await sender.bulletin.others()).toEqual([]);
    await receiver.bulletin.join();
    expect(await sender.bulletin.others()).toEqual([receiver.bulletin.id]);
    await sender.bulletin.post({ topic: 'feedback', requestId: 'one' });
    await vi.waitFor(() => {
      expect(heard).toEqual([{ topic: 'feedback', requestId: 'one' }]);
    }, SOON);
    const listening: boolean[] = [];
    receiver.bulletin.onInterruption(() => listening.push(receiver.bulletin.isListening));
    await cutConnections(`%${receiver.bulletin.id}`);
    await vi.waitFor(() => {
      expect(listening).toEqual([false, true]);
    }, SOON);
    await sender.bulletin.post({ topic: 'queue' });
    await vi.waitFor(() => {
      expect(heard).toHaveLength(2);
    }, SOON);
    expect(echoes).toEqual([]);
    await receiver.close();
    databases = [sender];
    await vi.waitFor(async () => {
      expect(await sender.bulletin.others()).toEqual([]);
    }, SOON);
  });

  it('says what is wrong when the server can’t be reached, without the password', async () => {
    const opening = ServerDatabase.open('postgres://user:secret@127.0.0.1:1/nowhere');
    await expect(opening).rejects.toThrow('postgres://user:***@127.0.0.1:1/nowhere');
    await expect(opening).rejects.not.toThrow('secret');
  });
});

async function countWaiting(database: ServerDatabase): Promise<number> {
  return database.orm.$count(
    sql`pg_locks join pg_stat_activity using (pid)`,
    sql`locktype = 'advisory' and not granted and datname = current_database()`,
  );
}
