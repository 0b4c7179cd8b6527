import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';

const DEBIAN_ROOT = '/usr/lib/postgresql';
const START_TIMEOUT_MS = 20_000;
const USER = 'claas';

interface Account {
  readonly uid: number;
  readonly gid: number;
}

/** A PostgreSQL of its own for one test file: in a temporary directory, reachable by a Unix socket alone. */
export class PostgresServer {
  private constructor(
    private readonly directory: string,
    private readonly server: ChildProcess,
  ) {}

  /** Where Debian's package puts the programs, newest first; null without the package. */
  static findPrograms(): string | null {
    const versions = existsSync(DEBIAN_ROOT) ? readdirSync(DEBIAN_ROOT).sort((a, b) => Number(b) - Number(a)) : [];
    const folders = versions.map((version) => join(DEBIAN_ROOT, version, 'bin'));
    return folders.find((folder) => existsSync(join(folder, 'initdb'))) ?? null;
  }

  static async start(programs: string): Promise<PostgresServer> {
    const directory = mkdtempSync(join(tmpdir(), 'claas-postgres-'));
    // PostgreSQL refuses to run as root.
    const account = process.getuid?.() === 0 ? accountOf('postgres') : null;
    if (account !== null) chownSync(directory, account.uid, account.gid);
    const data = join(directory, 'data');
    const options = { ...account, cwd: directory };
    const initialised = spawnSync(
      join(programs, 'initdb'),
      ['-D', data, '-U', USER, '--auth=trust', '--no-sync', '--encoding=UTF8', '--locale=C'],
      { ...options, encoding: 'utf8' },
    );
    if (initialised.status !== 0) throw new Error(`initdb failed: ${initialised.stderr}`);
    const settings = ['listen_addresses=', `unix_socket_directories=${directory}`, 'fsync=off'];
    const server = spawn(join(programs, 'postgres'), ['-D', data, ...settings.flatMap((setting) => ['-c', setting])], {
      ...options,
      stdio: 'ignore',
    });
    const running = new PostgresServer(directory, server);
    await running.waitUntilReady();
    return running;
  }

  urlOf(database: string): string {
    return `postgres://${USER}@localhost/${database}?host=${encodeURIComponent(this.directory)}`;
  }

  async createDatabase(name: string): Promise<string> {
    const client = new pg.Client({ connectionString: this.urlOf('postgres') });
    await client.connect();
    await client.query(`create database ${pg.escapeIdentifier(name)}`);
    await client.end();
    return this.urlOf(name);
  }

  async stop(): Promise<void> {
    const exited = once(this.server, 'exit');
    this.server.kill('SIGINT');
    await exited;
    rmSync(this.directory, { recursive: true, force: true });
  }

  private async waitUntilReady(): Promise<void> {
    const deadline = Date.now() + START_TIMEOUT_MS;
    for (;;) {
      const client = new pg.Client({ connectionString: this.urlOf('postgres') });
      try {
        await client.connect();
        await client.end();
        return;
      } catch (error) {
        if (Date.now() > deadline || this.server.exitCode !== null) throw error;
        await delay(50);
      }
    }
  }
}

function accountOf(name: string): Account {
  const [uid, gid] = ['-u', '-g'].map((option) => {
    const { stdout } = spawnSync('id', [option, name], { encoding: 'utf8' });
    return Number.parseInt(stdout, 10);
  });
  if (uid === undefined || gid === undefined || Number.isNaN(uid) || Number.isNaN(gid)) {
    throw new Error(`There is no user ${name} to run PostgreSQL as; it refuses to run as root.`);
  }
  return { uid, gid };
}
