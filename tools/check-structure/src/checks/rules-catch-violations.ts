import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { ESLint, type Linter } from 'eslint';
import tseslint from 'typescript-eslint';
import type { StructureCheck, Workspace } from '../check.js';
import { violationsOf, type Violation } from '../violations/violations-of.js';

/**
 * An inert rule looks the same as a kept one: each is tried with code that breaks it, and must say so. That another
 * rule objects to the same code isn't enough, so what is looked at is the kind of message.
 */
export const rulesCatchViolations: StructureCheck = {
  title: 'every boundary rule catches a violation',
  async run(workspace) {
    const linter = await makeLinter(workspace.root);
    const missed: string[] = [];
    for (const violation of violationsOf(workspace)) {
      const messages = await messageIds(linter, workspace, violation);
      if (!messages.includes(violation.caughtBy))
        missed.push(`${violation.file}: nothing says ${violation.caughtBy} of ${violation.code}`);
    }
    return missed;
  },
};

async function messageIds(linter: ESLint, { root }: Workspace, { file, code }: Violation): Promise<readonly unknown[]> {
  const [result] = await linter.lintText(code, { filePath: path.join(root, file) });
  return result?.messages.map(({ messageId }) => messageId) ?? [];
}

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
