import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { DockerfileParser, type Instruction } from 'dockerfile-ast';
import { describe, expect, it } from 'vitest';
import { DOCKER, ROOT, readText } from '../workspace.js';

const FILES = readdirSync(DOCKER).filter((name) => name.endsWith('.Dockerfile'));
/** Stages that become an image that runs. */
const RUNNING: Readonly<Record<string, readonly string[]>> = {
  'claas.Dockerfile': ['trainer', 'api'],
  'trainer-gpu.Dockerfile': ['api', 'trainer'],
  'openclaw.Dockerfile': ['gateway'],
};

/** Instructions of each stage by its name, with those of the stages that it stands on. */
function stagesOf(file: string): ReadonlyMap<string, readonly Instruction[]> {
  const stages = new Map<string, Instruction[]>();
  let current: Instruction[] = [];
  for (const instruction of DockerfileParser.parse(readText(`docker/${file}`)).getInstructions()) {
    if (instruction.getKeyword() === 'FROM') {
      const [base = '', , name = ''] = words(instruction);
      current = [...(stages.get(base) ?? [])];
      stages.set(name, current);
    } else current.push(instruction);
  }
  return stages;
}

const words = (instruction: Instruction): string[] => instruction.getArguments().map((argument) => argument.getValue());
const last = (instructions: readonly Instruction[], keyword: string): Instruction | undefined =>
  instructions.findLast((instruction) => instruction.getKeyword() === keyword);

it('knows every Dockerfile', () => {
  expect(Object.keys(RUNNING).sort()).toEqual(FILES.sort());
});

describe.each(FILES)('%s', (file) => {
  const text = readText(`docker/${file}`);
  const stages = stagesOf(file);

  it('stands on images with an exact tag', () => {
    const bases = [...text.matchAll(/^ARG ([A-Z]+_IMAGE)=(\S+)$/gm)];
    expect(bases.length).toBeGreaterThan(0);
    for (const [, , image] of bases) expect(image).toMatch(/:\d+\.\d+\.\d+(-[a-z0-9.]+)*(@sha256:[0-9a-f]{64})?$/);
    const named = new Set([...bases.map(([, name]) => `\${${name}}`), ...stages.keys()]);
    for (const [, base] of text.matchAll(/^FROM (\S+)/gm)) expect([...named]).toContain(base);
  });

  it.each(RUNNING[file]!)('%s does not run as root, knows its health, and is ended by a signal', (stage) => {
    const instructions = stages.get(stage)!;
    expect(Number(words(last(instructions, 'USER')!)[0])).toBeGreaterThan(0);
    expect(last(instructions, 'HEALTHCHECK')).toBeDefined();
    expect(last(instructions, 'ENTRYPOINT')!.getRawArgumentsContent()).toMatch(/^\[".*"\]$/);
  });

  it.each(RUNNING[file]!)('%s asks at a port that it has set', (stage) => {
    const instructions = stages.get(stage)!;
    const variable = /ready\.mjs", "([A-Z_]+)"/.exec(last(instructions, 'HEALTHCHECK')!.getRawArgumentsContent()!)?.[1];
    if (stage === 'trainer') expect(variable).toBeUndefined();
    else
      expect(instructions.map((instruction) => instruction.getRawArgumentsContent()).join('\n')).toMatch(
        new RegExp(`\\b${variable}=\\d+`),
      );
  });

  it('copies from the workspace only what is there', () => {
    const copies = [...text.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, sources]) => sources!.split(' '));
    expect(copies.filter((source) => !existsSync(path.join(ROOT, source)))).toEqual([]);
  });

  it('leaves package lists and caches behind', () => {
    for (const [, command] of text.matchAll(/^RUN (apt-get update[\s\S]*?[^\\])$/gm)) {
      expect(command).toContain('--no-install-recommends');
      expect(command).toContain('rm -rf /var/lib/apt/lists/*');
    }
  });
});

it('keeps what an image must not have out of every build', () => {
  const ignored = readText('.dockerignore').split('\n');
  expect(ignored).toEqual(
    expect.arrayContaining(['**/node_modules', '**/dist', '**/.env', '.git', 'data', 'feedback_logs']),
  );
});
