import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Workspace, WorkspaceProject } from './check.js';

interface PackageJson {
  readonly scripts?: Record<string, string>;
  readonly nx?: { readonly tags?: string[] };
}

/** Reads the projects below `apps`, `integrations`, `libs` and `tools`, and what eslint.structure.js allows them to import. */
export async function readWorkspace(root: string): Promise<Workspace> {
  const projects = ['apps', 'integrations', 'libs', 'tools'].flatMap((group) => readGroup(root, group));
  const rules = (await import(pathToFileURL(path.join(root, 'eslint.structure.js')).href)) as {
    allowedArrows: Record<string, string[]>;
    restrictedPackages: Record<string, string[]>;
  };
  const { allowedArrows, restrictedPackages } = rules;
  return { root, projects, allowedArrows, restrictedPackages };
}

function readGroup(root: string, group: string): WorkspaceProject[] {
  return readdirSync(path.join(root, group))
    .map((name) => ({ name, folder: `${group}/${name}`, file: path.join(root, group, name, 'package.json') }))
    .filter(({ file }) => existsSync(file))
    .map(({ name, folder, file }) => {
      const manifest = JSON.parse(readFileSync(file, 'utf8')) as PackageJson;
      return { name, folder, tags: manifest.nx?.tags ?? [], scripts: manifest.scripts ?? {} };
    });
}
