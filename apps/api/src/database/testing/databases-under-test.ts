import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { PostgresServer } from '@claas/contracts/testing/postgres';
import type { DatabaseSettings } from '../database-settings.js';
import { copyEmbeddedTemplate } from './embedded-template.js';

/** An empty database for one test file, and how to be rid of it. */
export interface TemporaryDatabase {
  readonly settings: DatabaseSettings;
  remove(): Promise<void>;
}

export interface DatabaseUnderTest {
  readonly name: string;
  /** Null where it can be tested. */
  readonly skipped: string | null;
  readonly create: () => Promise<TemporaryDatabase>;
}

/** Both drivers; the server is CLAAS_TEST_DATABASE_URL's, or one of its own from Debian's package. */
export const DATABASES_UNDER_TEST: readonly DatabaseUnderTest[] = [
  { name: 'the embedded database', skipped: null, create: createEmbedded },
  {
    name: 'a PostgreSQL server',
    skipped: whyNoServer(),
    create: async () => {
      const url = process.env['CLAAS_TEST_DATABASE_URL'];
      return url === undefined ? createOwnServer() : createOnServer(url);
    },
  },
];

function whyNoServer(): string | null {
  if (process.env['CLAAS_TEST_DATABASE_URL'] !== undefined || PostgresServer.findPrograms() !== null) return null;
  const reason = 'no PostgreSQL found: install Debian’s package postgresql, or set CLAAS_TEST_DATABASE_URL';
  console.warn(`SKIPPED tests on a PostgreSQL server: ${reason}.`);
  return reason;
}

export async function createEmbedded(): Promise<TemporaryDatabase> {
  const folder = mkdtempSync(join(tmpdir(), 'claas-database-'));
  const directory = join(folder, 'database');
  await copyEmbeddedTemplate(directory);
  return {
    settings: { url: null, directory },
    remove: async () => {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function createOwnServer(): Promise<TemporaryDatabase> {
  const programs = PostgresServer.findPrograms();
  if (programs === null) throw new Error('No PostgreSQL found.');
  const server = await PostgresServer.start(programs);
  const url = await server.createDatabase('feedback');
  return { settings: { url, directory: '' }, remove: () => server.stop() };
}

async function createOnServer(serverUrl: string): Promise<TemporaryDatabase> {
  const name = `claas_test_${randomBytes(6).toString('hex')}`;
  const url = new URL(serverUrl);
  await administer(serverUrl, `create database ${name}`);
  url.pathname = `/${name}`;
  return {
    settings: { url: url.href, directory: '' },
    remove: () => administer(serverUrl, `drop database ${name} with (force)`),
  };
}

async function administer(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
