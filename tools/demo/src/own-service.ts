import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createWriteStream } from 'node:fs';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { ClaasClient } from './claas-client.js';
import { startDouble } from './double/start-double.js';
import type { Mode } from './options/options.js';

const API_MAIN = fileURLToPath(new URL('../../../apps/api/dist/main.js', import.meta.url));
const START_LIMIT_MS = 120_000;

export interface OwnService {
  readonly url: string;
  stop(): Promise<void>;
}

/**
 * Starts the API on a free port with an empty data directory of its own, and what it needs in a mode, so that the demo leaves
 * nothing behind. Locally the mode is the environment's, `local` by default.
 */
export async function startOwnService(mode: Mode): Promise<OwnService> {
  const double = await startDouble(mode);
  const directory = await mkdtemp(path.join(tmpdir(), 'claas-demo-'));
  const logFile = path.join(directory, 'api.log');
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const child = spawn(process.execPath, [API_MAIN], {
    cwd: directory,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      ...double?.settings,
      CLAAS_API_HOST: '127.0.0.1',
      CLAAS_API_PORT: String(port),
      CLAAS_DATA_DIR: directory,
      CLAAS_LORA_ROOT: path.join(directory, 'loras'),
      FEEDBACK_LOG_DIR: path.join(directory, 'feedback_logs'),
    },
  });
  const log = createWriteStream(logFile);
  child.stdout.pipe(log, { end: false });
  child.stderr.pipe(log, { end: false });
  const isRunning = (): boolean => child.exitCode === null && child.signalCode === null;
  const stop = async (): Promise<void> => {
    if (isRunning()) {
      child.kill('SIGTERM');
      await once(child, 'exit');
    }
    await double?.stop();
    log.end();
    await rm(directory, { recursive: true, force: true });
  };

  const client = new ClaasClient(url);
  const deadline = Date.now() + START_LIMIT_MS;
  while (Date.now() < deadline && isRunning()) {
    if (await client.isHealthy().catch(() => false)) return { url, stop };
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  const output = await readFile(logFile, 'utf8');
  await stop();
  throw new Error(`The service didn't start. What it said:\n${output}`);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (address === null || typeof address === 'string') throw new Error('No free port on 127.0.0.1.');
  return address.port;
}
