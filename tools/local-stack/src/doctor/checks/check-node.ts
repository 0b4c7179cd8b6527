import { existsSync } from 'node:fs';
import { API_MAIN, TRAINER_MAIN } from '../../plan/workspace-root.js';
import { ok, problem } from '../finding.js';
import type { Check } from '../patient.js';

const MINIMUM = [20, 19] as const;

export const checkNode: Check = () => {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const isEnough = major > MINIMUM[0] || (major === MINIMUM[0] && minor >= MINIMUM[1]);
  const missing = [API_MAIN, TRAINER_MAIN].filter((file) => !existsSync(file));
  return Promise.resolve([
    isEnough
      ? ok('node', `Node ${process.versions.node}`)
      : problem(
          'node',
          `Node ${process.versions.node} is too old.`,
          `Install Node ${MINIMUM.join('.')} or newer from nodejs.org.`,
        ),
    missing.length === 0
      ? ok('build', 'API and trainer are built')
      : problem(
          'build',
          `Not built: ${missing.join(', ')}.`,
          'Run `npm start` once, or `npx tsc -b apps/api apps/trainer`.',
        ),
  ]);
};
