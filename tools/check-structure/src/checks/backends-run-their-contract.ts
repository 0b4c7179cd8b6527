import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { StructureCheck } from '../check.js';

/** A backend is what its contract suite says it is, so each has a spec that runs one from `@claas/contracts/testing`. */
export const backendsRunTheirContract: StructureCheck = {
  title: 'every backend runs the contract suite of its port',
  run: ({ root, projects }) =>
    Promise.resolve(
      projects
        .filter(({ tags }) => tags.includes('type:backend'))
        .filter(({ folder }) => !specsOf(path.join(root, folder, 'src')).some(runsContract))
        .map(({ folder }) => `${folder}: no spec calls a suite of @claas/contracts/testing`),
    ),
};

function specsOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.spec.ts'))
    .map((file) => readFileSync(path.join(folder, file), 'utf8'));
}

function runsContract(source: string): boolean {
  const imported = /import \{([^}]*)\} from '@claas\/contracts\/testing'/.exec(source)?.[1] ?? '';
  return imported.split(',').some((name) => name.trim().endsWith('Contract') && source.includes(`${name.trim()}(`));
}
