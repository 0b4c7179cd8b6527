import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Workspace, WorkspaceProject } from './check.js';
import { backendsRunTheirContract } from './checks/backends-run-their-contract.js';
import { foldersNameConcepts } from './checks/folders-name-concepts.js';
import { lockfileIsComplete } from './checks/lockfile-is-complete.js';
import { packagesExistOnce } from './checks/packages-exist-once.js';
import { projectsAreComplete } from './checks/projects-are-complete.js';
import { rulesCatchViolations } from './checks/rules-catch-violations.js';

let root: string;

const project = (name: string, changes: Partial<WorkspaceProject> = {}): WorkspaceProject => ({
  name,
  folder: `libs/${name}`,
  tags: ['type:backend', `scope:${name}`],
  scripts: { build: 'x', lint: 'x', typecheck: 'x', test: 'x' },
  ...changes,
});

const workspace = (...projects: WorkspaceProject[]): Workspace => ({
  root,
  projects,
  allowedArrows: Object.fromEntries(projects.map(({ name }) => [name, []])),
  restrictedPackages: { '@tensorflow/*': ['core-x'] },
});

function write(file: string, text: string): void {
  mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
  writeFileSync(path.join(root, file), text);
}

beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'check-structure-'));
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

describe('projects are complete', () => {
  it('accepts a tagged project with its scripts', async () => {
    expect(await projectsAreComplete.run(workspace(project('storage-x')))).toEqual([]);
  });

  it('names a missing tag, row and script', async () => {
    const bare = project('storage-x', { tags: [], scripts: { build: 'x', lint: 'x', test: 'x' } });
    const findings = await projectsAreComplete.run({ ...workspace(bare), allowedArrows: {} });
    expect(findings).toEqual([
      'libs/storage-x: package.json has no nx tag "type:…"',
      'libs/storage-x: package.json has no nx tag "scope:storage-x"',
      'libs/storage-x: eslint.structure.js has no row for storage-x',
      'libs/storage-x: package.json has no script "typecheck"',
    ]);
  });
});

describe('backends run their contract', () => {
  const spec = 'libs/storage-x/src/store.spec.ts';

  it('accepts a backend whose spec calls a suite', async () => {
    write(spec, "import { adapterStoreContract } from '@claas/contracts/testing';\nadapterStoreContract('x', make);");
    expect(await backendsRunTheirContract.run(workspace(project('storage-x')))).toEqual([]);
  });

  it('refuses a backend that imports a suite without calling it', async () => {
    write(spec, "import { adapterStoreContract } from '@claas/contracts/testing';");
    expect(await backendsRunTheirContract.run(workspace(project('storage-x')))).toHaveLength(1);
  });
});

describe('packages exist once', () => {
  const lock = (packages: Record<string, string>): void => {
    const entries = Object.entries(packages).map(([place, version]) => [place, { version }]);
    write('package-lock.json', JSON.stringify({ packages: Object.fromEntries(entries) }));
  };
  const good = {
    'node_modules/@tensorflow/tfjs-core': '4.22.0',
    'node_modules/nx': '23.2.1',
    'node_modules/@nx/js': '23.2.1',
  };

  it('accepts one copy and one version', async () => {
    lock(good);
    expect(await packagesExistOnce.run(workspace())).toEqual([]);
  });

  it('refuses a second tfjs-core and an @nx package of another version', async () => {
    lock({
      ...good,
      'node_modules/x/node_modules/@tensorflow/tfjs-core': '4.21.0',
      'node_modules/@nx/eslint': '23.2.0',
    });
    const findings = await packagesExistOnce.run(workspace());
    expect(findings[0]).toBe('@tensorflow/tfjs-core is installed 2 times');
    expect(findings).toContain('node_modules/@nx/eslint is 23.2.0');
  });
});

describe('lockfile is complete', () => {
  it('names the platform package that npm dropped', async () => {
    const native = { optionalDependencies: { 'native-linux': '1.0.0', 'native-darwin': '1.0.0' } };
    const packages = { 'node_modules/native': native, 'node_modules/native-linux': {} };
    write('package-lock.json', JSON.stringify({ packages }));
    expect(await lockfileIsComplete.run(workspace())).toEqual([
      expect.stringContaining('wants native-darwin, which is missing'),
    ]);
  });

  it('accepts one with all of them', async () => {
    const native = { optionalDependencies: { 'native-linux': '1.0.0' } };
    const packages = { 'node_modules/native': native, 'node_modules/native/node_modules/native-linux': {} };
    write('package-lock.json', JSON.stringify({ packages }));
    expect(await lockfileIsComplete.run(workspace())).toEqual([]);
  });
});

describe('rules catch violations', () => {
  it('says of every rule that has gone that it has, and forgets no project', async () => {
    write('eslint.structure.js', 'export const structureRules = [];');
    const findings = await rulesCatchViolations.run(workspace(project('storage-x'), project('core-x')));
    for (const name of ['storage-x', 'core-x']) {
      const file = `libs/${name}/src/violation.ts`;
      expect(findings).toContainEqual(expect.stringMatching(`^${file}: nothing says onlyTagsConstraintViolation`));
      expect(findings).toContainEqual(expect.stringMatching(`^${file}: nothing says restrictedSyntax`));
    }
    expect(findings.filter((finding) => finding.includes('@tensorflow/'))).toEqual([
      expect.stringMatching('^libs/storage-x/src/violation.ts: nothing says bannedExternalImportsViolation'),
    ]);
    expect(findings.filter((finding) => finding.includes('patternWithCustomMessage'))).toHaveLength(6);
  });
});

describe('folders name concepts', () => {
  it('refuses a folder called utils, at any depth', async () => {
    write('libs/storage-x/src/archive/utils/zip.ts', '');
    expect(await foldersNameConcepts.run(workspace(project('storage-x')))).toEqual([
      'libs/storage-x/src/archive/utils: say what is in it',
    ]);
  });
});
