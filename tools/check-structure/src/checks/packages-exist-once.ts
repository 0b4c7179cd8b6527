import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { StructureCheck } from '../check.js';

interface Lockfile {
  readonly packages: Readonly<Record<string, { readonly version?: string }>>;
}

/** Two copies of tfjs-core are two engines that don't know each other's tensors; Nx plugins must be of Nx's own version. */
export const packagesExistOnce: StructureCheck = {
  title: 'tfjs-core exists once, and Nx and all @nx packages have one version',
  run({ root }) {
    const { packages } = JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8')) as Lockfile;
    const installed = Object.entries(packages).flatMap(([place, { version }]) => {
      const name = place.split('node_modules/').at(-1) ?? '';
      return version !== undefined && place.includes('node_modules/') ? [{ name, version, place }] : [];
    });
    const copies = installed.filter(({ name }) => name === '@tensorflow/tfjs-core');
    const nx = installed.filter(({ name }) => name === 'nx' || /^@nx\/(?!nx-)/.test(name));
    const nxVersions = new Set(nx.map(({ version }) => version));
    return Promise.resolve([
      ...(copies.length === 1 ? [] : [`@tensorflow/tfjs-core is installed ${copies.length} times`]),
      ...(nxVersions.size === 1 ? [] : nx.map(({ place, version }) => `${place} is ${version}`)),
    ]);
  },
};
