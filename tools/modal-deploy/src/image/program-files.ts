import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What the image runs: the service, the trainer, and what sets up the native library for it. */
export const PROGRAMS = ['@claas/api', '@claas/trainer', '@claas/native-runtime'];
const GROUPS = ['apps', 'integrations', 'libs', 'tools'];
const ROOT_FILES = ['package.json', 'package-lock.json', '.npmrc', 'LICENSE'];
const BESIDES_CODE: Readonly<Record<string, readonly string[]>> = { '@claas/api': ['apps/api/migrations'] };
const NOT_AT_RUN_TIME = /(\.map|\.d\.ts|\.tsbuildinfo)$|\/dist\/testing\//;

interface Manifest {
  readonly name: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

/**
 * Paths, relative to the workspace and sorted, of what the programs need: built code, and the package.json of every workspace,
 * which npm wants to see for its lockfile. @throws Error for a program that isn't built
 */
export function programFiles(workspace: string): string[] {
  const projects = readProjects(workspace);
  const needed = new Set<string>();
  const visit = (name: string): void => {
    const project = projects.get(name);
    if (project === undefined || needed.has(name)) return;
    needed.add(name);
    Object.keys(project.manifest.dependencies ?? {}).forEach(visit);
  };
  PROGRAMS.forEach(visit);
  const files = [...ROOT_FILES, ...[...projects.values()].map(({ folder }) => `${folder}/package.json`)];
  for (const name of needed) {
    const { folder } = projects.get(name)!;
    const built = filesBelow(workspace, `${folder}/dist`);
    if (built.length === 0) throw new Error(`${folder} is not built: npx tsc -b ${folder}`);
    files.push(...built, ...(BESIDES_CODE[name] ?? []).flatMap((extra) => filesBelow(workspace, extra)));
  }
  return files.filter((file) => !NOT_AT_RUN_TIME.test(file)).sort();
}

function readProjects(workspace: string): Map<string, { readonly folder: string; readonly manifest: Manifest }> {
  const folders = GROUPS.filter((group) => existsSync(join(workspace, group))).flatMap((group) =>
    readdirSync(join(workspace, group)).map((name) => `${group}/${name}`),
  );
  return new Map(
    folders
      .filter((folder) => existsSync(join(workspace, folder, 'package.json')))
      .map((folder) => {
        const manifest = JSON.parse(readFileSync(join(workspace, folder, 'package.json'), 'utf8')) as Manifest;
        return [manifest.name, { folder, manifest }];
      }),
  );
}

function filesBelow(workspace: string, folder: string): string[] {
  const place = join(workspace, folder);
  if (!existsSync(place)) return [];
  return readdirSync(place, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(workspace.length + 1));
}
