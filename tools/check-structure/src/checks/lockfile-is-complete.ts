import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { StructureCheck } from '../check.js';

interface Lockfile {
  readonly packages: Readonly<Record<string, { readonly optionalDependencies?: Readonly<Record<string, string>> }>>;
}

/** `npm install` may drop the packages of other platforms from the lockfile, which `npm ci` then refuses everywhere. */
export const lockfileIsComplete: StructureCheck = {
  title: 'the lockfile names the optional packages of every platform',
  run({ root }) {
    const { packages } = JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8')) as Lockfile;
    const names = new Set(Object.keys(packages).map((place) => place.split('node_modules/').at(-1)));
    return Promise.resolve(
      Object.entries(packages).flatMap(([place, { optionalDependencies }]) =>
        Object.keys(optionalDependencies ?? {})
          .filter((name) => !names.has(name))
          .map((name) => `${place} wants ${name}, which is missing: remove package-lock.json and run npm install`),
      ),
    );
  },
};
