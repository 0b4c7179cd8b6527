import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const DEBIAN_ROOT = '/usr/lib/postgresql';
const START_LIMIT_MS = 30_000;
const USER = 'claas';

/** A PostgreSQL of its own for one test file: in a temporary directory, reachable by a Unix socket alone. */
export class PostgresServer {
  private constructor(
    private readonly directory: string,
    private readonly server: ChildProcess,
  ) {}

  /** Where Debian's package puts the programs, newest first; null without the package. */
  static findPrograms(): string | null {
    const versions = existsSync(DEBIAN_ROOT) ? readdirSync(DEBIAN_ROOT).sort((a, b) => Number(b) - Number(a)) : [];
    const folders = versions.map((version) => path.join(DEBIAN_ROOT, version, 'bin'));
    return folders.find((folder) => existsSync(path.join(folder, 'initdb'))) ?? null;
  }

  static async start(programs: string): Promise<PostgresServer> {
    const directory = mkdtempSync(path.join(tmpdir(), 'claas-e2e-postgres-'));
    // PostgreSQL refuses to run as root.
    const account = process.getuid?.() === 0 ? accountOf('postgres') : null;
    if (account !== null) chownSync(directory, account.uid, account.gid);
    const data = path.join(directory, 'data');
    const options = { ...account, cwd: directory };
    const initialised = spawnSync(
      path.join(programs, 'initdb'),
      ['-D', data, '-U', USER, '--auth=trust', '--no-sync', '--encoding=UTF8', '--locale=C'],
      { ...options, encoding: 'utf8' },
    );
    if (initialised.status !== 0) throw new Error(`initdb failed: ${initialised.stderr}`);
    const settings = ['listen_addresses=', `unix_socket_directories=${directory}`, 'fsync=off'];
    const server = spawn(
      path.join(programs, 'postgres'),
      ['-D', data, ...settings.flatMap((setting) => ['-c', setting])],
      { ...options, stdio: 'ignore' },
    );
    const deadline = Date.now() + START_LIMIT_MS;
    while (spawnSync(path.join(programs, 'pg_isready'), ['-h', directory]).status !== 0) {
      if (Date.now() > deadline || server.exitCode !== null) throw new Error('PostgreSQL did not start.');
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    return new PostgresServer(directory, server);
  }

  get url(): string {
    return `postgres://${USER}@localhost/postgres?host=${encodeURIComponent(this.directory)}`;
  }

  async stop(): Promise<void> {
    const exited = once(this.server, 'exit');
    this.server.kill('SIGINT');
    await exited;
    rmSync(this.directory, { recursive: true, force: true });
  }
}

function accountOf(name: string): { readonly uid: number; readonly gid: number } {
  const [uid = NaN, gid = NaN] = ['-u', '-g'].map((option) => {
    const { stdout } = spawnSync('id', [option, name], { encoding: 'utf8' });
    return Number.parseInt(stdout, 10);
  });
  if (Number.isNaN(uid) || Number.isNaN(gid)) {
    throw new Error(`There is no user ${name} to run PostgreSQL as; it refuses to run as root.`);
  }
  return { uid, gid };
}
