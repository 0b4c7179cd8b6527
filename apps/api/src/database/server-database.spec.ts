import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { FeedbackRepository } from '../feedback/feedback-repository.js';
import { sampleNewFeedback } from '../feedback/testing/sample-feedback.js';
import { ServerDatabase } from './server-database.js';
import { DATABASES_UNDER_TEST, type TemporaryDatabase } from './testing/databases-under-test.js';

const [, onServer] = DATABASES_UNDER_TEST;
const skipped = onServer === undefined ? 'not tested' : onServer.skipped;

describe.skipIf(skipped !== null)(`a database on a server (${skipped ?? 'available'})`, () => {
  let temporary: TemporaryDatabase | undefined;

  beforeAll(async () => {
    temporary = await onServer?.create();
  });

  afterAll(() => temporary?.remove());

  const urlOf = (): string => temporary?.settings.url ?? '';

  it('survives that all of its connections are cut, and owns the database again', async () => {
    const database = await ServerDatabase.open(urlOf());
    const repository = new FeedbackRepository(database);
    const before = await repository.insert(sampleNewFeedback());
    const client = new pg.Client({ connectionString: urlOf() });
    await client.connect();
    await client.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name like 'claas-api%'",
    );
    await vi.waitFor(() => expect(database.health()).rejects.toThrow('lost'), { timeout: 5_000, interval: 20 });
    await vi.waitFor(() => database.health(), { timeout: 5_000, interval: 20 });
    await expect(ServerDatabase.open(urlOf())).rejects.toThrow(`process ${process.pid}`);
    expect(await repository.find(before?.requestId ?? '')).toEqual(before);
    await client.end();
    await database.close();
  });

  it('says what is wrong when the server can’t be reached, without the password', async () => {
    const opening = ServerDatabase.open('postgres://user:secret@127.0.0.1:1/nowhere');
    await expect(opening).rejects.toThrow('postgres://user:***@127.0.0.1:1/nowhere');
    await expect(opening).rejects.not.toThrow('secret');
  });
});
