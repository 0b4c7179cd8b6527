import type { Workspace } from '../check.js';

export interface Violation {
  /** File that is imagined to hold the code, relative to the root. */
  readonly file: string;
  readonly code: string;
  /** The `messageId` with which ESLint says that this rule is broken, and not another. */
  readonly caughtBy: string;
}

/** A package of each pattern that eslint.structure.js restricts, to be imported where it must not be. */
const PACKAGE_OF: Readonly<Record<string, string>> = {
  '@nestjs/*': '@nestjs/common',
  '@tensorflow/*': '@tensorflow/tfjs-core',
};

/** Code that breaks each rule of eslint.structure.js, for every project that the rule is meant for. */
export function violationsOf(workspace: Workspace): Violation[] {
  return [
    ...forbiddenArrows(workspace),
    ...restrictedPackages(workspace),
    ...undeclaredPackages(workspace),
    ...nodeInPureCode(workspace),
    ...readingTheEnvironment(workspace),
  ];
}

/** From every project to each lib that its row doesn't name. */
function forbiddenArrows(workspace: Workspace): Violation[] {
  const { allowedArrows } = workspace;
  const libraries = librariesOf(workspace);
  const isReachable = (from: string, to: string): boolean =>
    from === to || (allowedArrows[from] ?? []).some((next) => isReachable(next, to));
  return Object.entries(allowedArrows).flatMap(([source, allowed]) =>
    libraries
      .filter((target) => target !== source && !allowed.includes(target))
      // Nx looks for circles first, and an arrow back closes one.
      .map((target) =>
        importing(
          workspace,
          source,
          `@claas/${target}`,
          isReachable(target, source) ? 'noCircularDependencies' : 'onlyTagsConstraintViolation',
        ),
      ),
  );
}

function restrictedPackages(workspace: Workspace): Violation[] {
  return Object.entries(workspace.restrictedPackages).flatMap(([pattern, allowed]) =>
    workspace.projects
      .filter(({ name }) => !allowed.includes(name))
      .map(({ name }) => importing(workspace, name, PACKAGE_OF[pattern] ?? pattern, 'bannedExternalImportsViolation')),
  );
}

/** What isn't a lib has no exports, and a package counts only where package.json names it. */
function undeclaredPackages(workspace: Workspace): Violation[] {
  const programs = workspace.projects.filter(({ folder }) => !folder.startsWith('libs/'));
  return [
    ...programs.map(({ name }) => importing(workspace, 'contracts', `@claas/${name}`, 'noTransitiveDependencies')),
    importing(workspace, 'contracts', 'rxjs', 'noTransitiveDependencies'),
  ];
}

function nodeInPureCode(workspace: Workspace): Violation[] {
  return ['core-sdpo', 'contracts'].flatMap((project) =>
    ['node:fs', 'node:fs/promises', 'node:process'].map((module) =>
      importing(workspace, project, module, 'patternWithCustomMessage'),
    ),
  );
}

function readingTheEnvironment(workspace: Workspace): Violation[] {
  const files = [
    ...librariesOf(workspace).map((project) => sourceOf(workspace, project)),
    'apps/api/src/chat/violation.ts',
  ];
  return files.map((file) => ({
    file,
    code: 'export const home = process.env.HOME;',
    caughtBy: 'restrictedSyntax',
  }));
}

function importing(workspace: Workspace, project: string, specifier: string, caughtBy: string): Violation {
  const code = `import * as forbidden from '${specifier}'; export const kept = forbidden;`;
  return { file: sourceOf(workspace, project), code, caughtBy };
}

function sourceOf({ projects }: Workspace, project: string): string {
  const folder = projects.find(({ name }) => name === project)?.folder ?? project;
  return `${folder}/src/violation.ts`;
}

function librariesOf({ projects }: Workspace): string[] {
  return projects.filter(({ folder }) => folder.startsWith('libs/')).map(({ name }) => name);
}
