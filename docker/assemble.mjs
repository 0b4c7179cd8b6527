/**
 * Puts together what an image holds: the built projects that the named ones need, without sources and tests, and their
 * production packages. The Dockerfiles run it, and anybody can without a container:
 *
 *   node docker/assemble.mjs OUT_FOLDER @claas/api @claas/trainer
 */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const GROUPS = ['apps', 'integrations', 'libs', 'tools'];
/** What a project needs besides its code. */
const BESIDES_CODE = {
  '@claas/api': ['apps/api/migrations', 'models/clay-tiny/model'],
  '@claas/trainer': ['models/clay-tiny/model'],
};
const NOT_AT_RUN_TIME = /(\.map|\.d\.ts|\.tsbuildinfo)$/;

/** Every project by its package name, with its folder relative to the root. */
export function projects() {
  const folders = GROUPS.flatMap((group) => readdirSync(path.join(ROOT, group)).map((name) => `${group}/${name}`));
  return new Map(
    folders
      .filter((folder) => existsSync(path.join(ROOT, folder, 'package.json')))
      .map((folder) => [JSON.parse(readFileSync(path.join(ROOT, folder, 'package.json'), 'utf8')), folder])
      .map(([manifest, folder]) => [manifest.name, { folder, needs: Object.keys(manifest.dependencies ?? {}) }]),
  );
}

/** `names` and every project of ours that they need. */
export function closure(names, all = projects()) {
  const found = new Set();
  const visit = (name) => {
    const project = all.get(name);
    if (project === undefined || found.has(name)) return;
    found.add(name);
    project.needs.forEach(visit);
  };
  for (const name of names) {
    if (!all.has(name)) throw new Error(`There is no project ${name}.`);
    visit(name);
  }
  return [...found].sort();
}

function assemble(out, names) {
  const all = projects();
  const needed = closure(names, all);
  mkdirSync(out, { recursive: true });
  for (const file of ['package.json', 'package-lock.json', '.npmrc', 'LICENSE']) copy(file, out);
  // npm wants to see every workspace of the lockfile; those that aren't needed go again below.
  for (const { folder } of all.values()) copy(`${folder}/package.json`, out);
  const workspaces = names.map((name) => `--workspace=${name}`);
  run(
    'npm',
    ['ci', '--omit=dev', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error', ...workspaces],
    out,
  );
  for (const [name, { folder }] of all) {
    if (!needed.includes(name)) rmSync(path.join(out, folder), { recursive: true });
    else copy(`${folder}/dist`, out);
    for (const extra of needed.includes(name) ? (BESIDES_CODE[name] ?? []) : []) copy(extra, out);
  }
  removeSourceMaps(path.join(out, 'node_modules'));
}

function copy(file, out) {
  const from = path.join(ROOT, file);
  if (!existsSync(from)) throw new Error(`${file} is missing: build the projects first (npx tsc -b).`);
  cpSync(from, path.join(out, file), { recursive: true, filter: (source) => !NOT_AT_RUN_TIME.test(source) });
}

/** A third of what the packages weigh. */
function removeSourceMaps(folder) {
  for (const file of readdirSync(folder, { recursive: true })) {
    if (file.endsWith('.map')) rmSync(path.join(folder, file));
  }
}

function run(command, parameters, cwd) {
  const { status } = spawnSync(command, parameters, { cwd, stdio: 'inherit' });
  if (status !== 0) throw new Error(`${command} ${parameters[0]} ended with ${status}.`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [out, ...names] = process.argv.slice(2);
  if (out === undefined || names.length === 0) {
    console.error('Usage: node docker/assemble.mjs OUT_FOLDER PROJECT…');
    process.exit(2);
  }
  if (existsSync(out) && readdirSync(out).length > 0) {
    console.error(`${out} is not empty.`);
    process.exit(2);
  }
  assemble(path.resolve(out), names);
}
