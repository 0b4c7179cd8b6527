import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { DOCKER, ROOT } from '../workspace.js';
import type { Report } from './report.js';
import { problemOf } from './run.js';

const START_LIMIT_S = 60;

/**
 * What the images do, as the Dockerfiles have it, without a container: put together, then started from an empty folder
 * with nothing of the workspace but the caches.
 */
export async function runImages(report: Report): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'docker-check-'));
  const image = (name: string): string => path.join(folder, name);
  const empty = image('empty');
  mkdirSync(empty);
  try {
    const assembled =
      assemble(image('trainer'), '@claas/trainer') ?? assemble(image('api'), '@claas/api', '@claas/trainer');
    report.check('docker/assemble.mjs puts trainer and api together', assembled);
    if (assembled !== null) return;
    const trainer = [path.join(image('trainer'), 'health', 'trainer.mjs')];
    report.check(
      'the trainer computes, from an empty folder',
      problemOf(process.execPath, trainer, { cwd: empty, env: environment(empty) }),
    );
    await runApi(report, image('api'), empty);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function assemble(out: string, ...projects: readonly string[]): string | null {
  const problem = problemOf(process.execPath, [path.join(DOCKER, 'assemble.mjs'), out, ...projects]);
  if (problem === null) cpSync(path.join(DOCKER, 'health'), path.join(out, 'health'), { recursive: true });
  return problem;
}

async function runApi(report: Report, image: string, empty: string): Promise<void> {
  const port = String(20_000 + (process.pid % 20_000));
  const env = {
    ...environment(empty),
    CLAAS_API_PORT: port,
    CLAAS_DATA_DIR: path.join(empty, 'data'),
    CLAAS_LORA_ROOT: path.join(empty, 'loras'),
    FEEDBACK_LOG_DIR: path.join(empty, 'data', 'feedback_logs'),
  };
  const api = spawn(process.execPath, [path.join(image, 'apps/api/dist/main.js')], {
    cwd: empty,
    env,
    stdio: 'ignore',
  });
  try {
    report.check('the API becomes healthy, from an empty folder', await healthOf(image, env));
    const plugin = installPlugin(path.join(path.dirname(image), 'claas-feedback'));
    const init = (): string | null =>
      problemOf(process.execPath, [path.join(plugin, 'dist/init/main.js')], {
        cwd: empty,
        env: {
          ...environment(empty),
          CLAAS_URL: `http://127.0.0.1:${port}`,
          INIT_TIMEOUT_S: '60',
          OPENCLAW_STATE_DIR: path.join(empty, 'openclaw'),
        },
      });
    const config = (): string => readFileSync(path.join(empty, 'openclaw', 'openclaw.json'), 'utf8');
    report.check('the init step makes adapter and configuration', init());
    const first = config();
    report.check('the init step again', init());
    report.check('it has changed nothing', config() === first ? null : config());
  } finally {
    api.kill('SIGTERM');
    const [code] = (await once(api, 'exit')) as [number | null];
    report.check('the API ends by SIGTERM with 0', code === 0 ? null : `exit code ${code}`);
  }
}

async function healthOf(image: string, env: Record<string, string>): Promise<string | null> {
  for (let second = 0; ; second += 1) {
    const problem = problemOf(process.execPath, [path.join(image, 'health', 'ready.mjs'), 'CLAAS_API_PORT'], { env });
    if (problem === null || second >= START_LIMIT_S) return problem;
    await wait(1000);
  }
}

/** What docker/openclaw.Dockerfile copies. */
function installPlugin(folder: string): string {
  for (const name of ['package.json', 'openclaw.plugin.json', 'dist']) {
    cpSync(path.join(ROOT, 'integrations/openclaw', name), path.join(folder, name), { recursive: true });
  }
  return folder;
}

function environment(home: string): Record<string, string> {
  return {
    PATH: process.env.PATH ?? '',
    HOME: home,
    NODE_ENV: 'production',
    XDG_CACHE_HOME: process.env.XDG_CACHE_HOME ?? path.join(homedir(), '.cache'),
  };
}
