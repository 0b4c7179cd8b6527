import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Double } from './start-double.js';

const DOUBLE_MAIN = fileURLToPath(new URL('../../../tinker-double/dist/main.js', import.meta.url));
const API_KEY = 'tml-demo';

/** The double of a Tinker service as a process, which trains and answers; its checkpoints go with it. */
export async function startTinkerDouble(): Promise<Double> {
  const state = await mkdtemp(path.join(tmpdir(), 'claas-demo-tinker-'));
  const child = spawn(process.execPath, [DOUBLE_MAIN, '--state', state, '--port', '0', '--api-key', API_KEY], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text));
  const exit = once(child, 'exit');
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await exit;
    await rm(state, { recursive: true, force: true });
  };
  const started = once(createInterface(child.stdout), 'line') as Promise<[string]>;
  const line = await Promise.race([started, exit.then(() => null)]);
  if (line === null) {
    await stop();
    throw new Error(`The double of a Tinker service didn't start. What it said:\n${output}`);
  }
  return {
    settings: {
      CLAAS_DISTILL_EXECUTION_MODE: 'tinker',
      CLAAS_TINKER_BASE_URL: line[0],
      CLAAS_TINKER_API_KEY: API_KEY,
      CLAAS_TINKER_BASE_MODEL: 'clay-tiny',
    },
    stop,
  };
}
