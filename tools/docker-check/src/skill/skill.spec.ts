import { existsSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT, readText } from '../workspace.js';

const skill = readText('.claude/skills/setup-local/SKILL.md');
const readmes = [
  'README.md',
  'docker/README.md',
  'integrations/openclaw/README.md',
  'docs/local-stack.md',
  'docs/command-line.md',
]
  .map(readText)
  .join('\n');
const { scripts } = JSON.parse(readText('package.json')) as { scripts: Record<string, string> };

/** Lines of the code blocks, and code in the text, that begin with a program. */
function commandsOf(text: string, program: string): string[] {
  const blocks = [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].flatMap(([, block]) => block!.split('\n'));
  const inline = [...text.matchAll(/`([^`\n]+)`/g)].map(([, code]) => code!);
  const found = [...blocks, ...inline].map((line) => line.replace(/^([A-Z_]+=(<[^>]*>|\S+) )+/, '').trim());
  return found.filter((line) => line.startsWith(`${program} `) && !line.startsWith(`${program} --`));
}

describe('the set-up skill', () => {
  it('has a name, a description, and a check for each step', () => {
    expect(skill).toMatch(/^---\nname: setup-local\ndescription: .{50,}\n---\n/);
    const steps = skill.split(/^## /m).slice(1);
    expect(steps.length).toBeGreaterThanOrEqual(6);
    for (const step of steps) expect(step).toMatch(/\*\*Check:\*\*[\s\S]*\*\*Otherwise:\*\*/);
  });

  it('runs scripts that exist', () => {
    const names = commandsOf(skill, 'npm').map((line) => (/^npm (?:run )?(\S+)/.exec(line) ?? [])[1]!);
    expect(names).toEqual(expect.arrayContaining(['start', 'setup:openclaw', 'setup:native', 'stack']));
    expect(names.filter((name) => !(name in scripts))).toEqual([]);
  });

  it('uses the commands that the READMEs have', () => {
    const commands = ['npm', 'npx', 'openclaw', 'sh', 'docker'].flatMap((program) => commandsOf(skill, program));
    const heads = commands.map((line) =>
      line
        .split(' ')
        .slice(0, line.startsWith('docker') ? 2 : 3)
        .join(' '),
    );
    const unknown = heads.filter((head) => !readmes.includes(head) && !['openclaw config validate'].includes(head));
    expect(unknown).toEqual([]);
  });

  it('names files that exist', () => {
    const files = [...skill.matchAll(/\b(?:docker|docs|integrations)\/[\w./-]+\.\w+/g)].map(([file]) => file);
    expect(files.length).toBeGreaterThan(5);
    expect([...new Set(files)].filter((file) => !existsSync(path.join(ROOT, file)))).toEqual([]);
  });
});

it('the READMEs name scripts that exist', () => {
  const names = commandsOf(readmes, 'npm').map((line) => /^npm (?:run )?([\w:-]+)/.exec(line)![1]!);
  expect(names.filter((name) => !(name in scripts) && !['test', 'ci', 'install', 'link'].includes(name))).toEqual([]);
});
