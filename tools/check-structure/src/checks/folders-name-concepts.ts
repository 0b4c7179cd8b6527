import { readdirSync } from 'node:fs';
import path from 'node:path';
import type { StructureCheck } from '../check.js';

const NAMES_THAT_SAY_NOTHING = ['utils', 'util', 'helpers', 'common', 'shared', 'interfaces', 'misc', 'lib'];

export const foldersNameConcepts: StructureCheck = {
  title: 'every folder is named after a concept',
  run: ({ root, projects }) =>
    Promise.resolve(
      projects.flatMap(({ folder }) =>
        readdirSync(path.join(root, folder, 'src'), { recursive: true, withFileTypes: true })
          .filter((entry) => entry.isDirectory() && NAMES_THAT_SAY_NOTHING.includes(entry.name))
          .map((entry) => `${path.relative(root, path.join(entry.parentPath, entry.name))}: say what is in it`),
      ),
    ),
};
