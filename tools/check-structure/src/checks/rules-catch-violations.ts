import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { ESLint, type Linter } from 'eslint';
import tseslint from 'typescript-eslint';
import type { StructureCheck, Workspace } from '../check.js';

interface Violation {
  /** File that is imagined to hold the code. */
  readonly file: string;
  readonly code: string;
  readonly rule: string;
}

const BOUNDARY_RULE = '@nx/enforce-module-boundaries';

/** An inert rule looks the same as a kept one: each is tried with code that breaks it, and must say so. */
export const rulesCatchViolations: StructureCheck = {
  title: 'every boundary rule catches a violation',
  async run(workspace) {
    const linter = await makeLinter(workspace.root);
    const missed: string[] = [];
    for (const violation of violations(workspace)) {
      const [result] = await linter.lintText(violation.code, { filePath: path.join(workspace.root, violation.file) });
      const isCaught = result?.messages.some(({ ruleId }) => ruleId === violation.rule) ?? false;
      if (!isCaught) missed.push(`${violation.file}: ${violation.rule} allows ${violation.code}`);
    }
    return missed;
  },
};

async function makeLinter(root: string): Promise<ESLint> {
  const { structureRules } = (await import(pathToFileURL(path.join(root, 'eslint.structure.js')).href)) as {
    structureRules: Linter.Config[];
  };
  const parser = tseslint.parser as Linter.Parser;
  return new ESLint({
    cwd: root,
    overrideConfigFile: true,
    overrideConfig: [{ files: ['**/*.ts'], languageOptions: { parser } }, ...structureRules],
  });
}

function violations({ projects, allowedArrows }: Workspace): Violation[] {
  const folders = new Map(projects.map(({ name, folder }) => [name, folder]));
  const fileOf = (project: string): string => `${folders.get(project) ?? project}/src/violation.ts`;
  const importing = (project: string, specifier: string, rule = BOUNDARY_RULE): Violation => ({
    file: fileOf(project),
    code: `import * as forbidden from '${specifier}'; export const kept = forbidden;`,
    rule,
  });
  const libraries = projects.filter(({ folder }) => folder.startsWith('libs/')).map(({ name }) => name);
  const arrows = Object.entries(allowedArrows).flatMap(([source, allowed]) =>
    libraries
      .filter((target) => target !== source && !allowed.includes(target))
      .map((target) => importing(source, `@claas/${target}`)),
  );
  const readingTheEnvironment = (file: string): Violation => ({
    file,
    code: 'export const home = process.env.HOME;',
    rule: 'no-restricted-syntax',
  });
  return [
    ...arrows,
    ...libraries.map((project) => importing(project, '@nestjs/common')),
    ...['api', 'engine-local', 'storage-fs', 'serving-embedded', 'contracts', 'demo', 'api-e2e'].map((project) =>
      importing(project, '@tensorflow/tfjs-core'),
    ),
    importing('core-sdpo', 'node:fs', 'no-restricted-imports'),
    importing('contracts', 'node:fs', 'no-restricted-imports'),
    ...libraries.map((project) => readingTheEnvironment(fileOf(project))),
    readingTheEnvironment('apps/api/src/chat/violation.ts'),
  ];
}
