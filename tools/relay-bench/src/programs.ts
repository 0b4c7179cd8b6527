import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const API_MAIN = resolve(import.meta.dirname, '../../../apps/api/dist/main.js');
const FIXED_ANSWER_MAIN = resolve(import.meta.dirname, 'upstream.js');
const DOUBLE_MAIN = resolve(import.meta.dirname, 'upstream-double.js');
const START_LIMIT_MS = 60_000;

/** The model server and the API in front of it, each a process of its own. */
export interface Programs {
  readonly upstream: string;
  readonly api: string;
  close(): Promise<void>;
}

/** A server that gives a fixed answer after so many milliseconds, or the double, which runs the small model. */
export type Upstream = { readonly serviceTimeMs: number } | 'double';

export async function startPrograms(
  upstreamServer: Upstream,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Programs> {
  const directory = await mkdtemp(join(tmpdir(), 'relay-bench-'));
  const program =
    upstreamServer === 'double' ? [DOUBLE_MAIN] : [FIXED_ANSWER_MAIN, String(upstreamServer.serviceTimeMs)];
  const server = spawn(process.execPath, program, { stdio: ['ignore', 'pipe', 'inherit'] });
  const upstream = await firstLine(server);
  const port = await freePort();
  const api = spawn(process.execPath, [API_MAIN], {
    cwd: directory,
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      PATH: environment['PATH'],
      HOME: environment['HOME'],
      XDG_CACHE_HOME: environment['XDG_CACHE_HOME'],
      CLAAS_DATABASE_URL: environment['CLAAS_DATABASE_URL'],
      CLAAS_API_PORT: String(port),
      CLAAS_DATA_DIR: directory,
      CLAAS_LORA_ROOT: join(directory, 'loras'),
      VLLM_BASE_URL: upstream,
    },
  });
  const url = `http://127.0.0.1:${port}`;
  const close = async (): Promise<void> => {
    for (const child of [api, server]) await end(child);
    await rm(directory, { recursive: true, force: true });
  };
  try {
    await whenUp(`${url}/livez`, api);
    return { upstream, api: url, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function whenUp(url: string, child: ChildProcess): Promise<void> {
  const deadline = Date.now() + START_LIMIT_MS;
  while (Date.now() < deadline && child.exitCode === null) {
    const response = await fetch(url).catch(() => null);
    if (response?.ok === true) return;
    await delay(100);
  }
  throw new Error('The API did not start. `npx nx build @claas/api` builds it.');
}

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    child.stdout?.once('data', (bytes: Buffer) => {
      resolve(bytes.toString().trim());
    });
    child.once('exit', () => {
      reject(new Error('The upstream server ended.'));
    });
  });
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await exited;
}
