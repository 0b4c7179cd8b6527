import { execFile, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdtempSync, readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';

const DEBIAN_ROOT = '/usr/lib/postgresql';
const START_LIMIT_MS = 90_000;
const USER = 'claas';

const run = promisify(execFile);

interface Account {
  readonly uid: number;
  readonly gid: number;
}

/** A PostgreSQL of its own for one test file: in a temporary directory, reachable by a Unix socket alone. */
export class PostgresServer {
  private constructor(
    private readonly programs: string,
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
    await run(
      join(programs, 'initdb'),
      ['-D', data, '-U', USER, '--auth=trust', '--no-sync', '--encoding=UTF8', '--locale=C'],
      options,
    );
    const settings = ['listen_addresses=', `unix_socket_directories=${directory}`, 'fsync=off'];
    const server = spawn(join(programs, 'postgres'), ['-D', data, ...settings.flatMap((setting) => ['-c', setting])], {
      ...options,
      stdio: 'ignore',
    });
    const running = new PostgresServer(programs, directory, server);
    await running.waitUntilReady();
    return running;
  }

  /** Of the database that is always there. */
  get url(): string {
    return this.urlOf('postgres');
  }

  /** The address of a new, empty one. */
  async createDatabase(name: string): Promise<string> {
    await run(join(this.programs, 'createdb'), ['-h', this.directory, '-U', USER, name]);
    return this.urlOf(name);
  }

  async stop(): Promise<void> {
    const exited = once(this.server, 'exit');
    this.server.kill('SIGINT');
    await exited;
    await rm(this.directory, { recursive: true, force: true });
  }

  private urlOf(database: string): string {
    return `postgres://${USER}@localhost/${database}?host=${encodeURIComponent(this.directory)}`;
  }

  private async waitUntilReady(): Promise<void> {
    const deadline = Date.now() + START_LIMIT_MS;
    while (spawnSync(join(this.programs, 'pg_isready'), ['-h', this.directory]).status !== 0) {
      if (Date.now() > deadline || this.server.exitCode !== null) throw new Error('PostgreSQL did not start.');
      await delay(50);
    }
  }
}

function accountOf(name: string): Account {
  const [uid = NaN, gid = NaN] = ['-u', '-g'].map((option) => {
    const { stdout } = spawnSync('id', [option, name], { encoding: 'utf8' });
    return Number.parseInt(stdout, 10);
  });
  if (Number.isNaN(uid) || Number.isNaN(gid)) {
    throw new Error(`There is no user ${name} to run PostgreSQL as; it refuses to run as root.`);
  }
  return { uid, gid };
}
