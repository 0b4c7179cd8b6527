import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { STACKS, type Stack } from '../compose/compose-file.js';
import { variablesOf } from '../compose/variables.js';
import { ROOT, readText } from '../workspace.js';
import type { Report } from './report.js';
import { canRun, problemOf } from './run.js';

/** `docker compose config` of every stack in every profile, with the example's values and some word for each secret. */
export function configureStacks(report: Report): void {
  const compose = findCompose();
  const folder = mkdtempSync(path.join(tmpdir(), 'docker-check-'));
  for (const stack of STACKS) {
    for (const profiles of broughtUp(stack)) {
      const claim = `compose takes ${stack.title}${profiles.length === 0 ? '' : ` in profile ${profiles.join(' and ')}`}`;
      if (compose === null) report.leaveOut(claim, 'there is neither `docker compose` nor `docker-compose`');
      else report.check(claim, configure(compose, stack, profiles, folder));
    }
  }
  rmSync(folder, { recursive: true });
}

/** Each profile alone, and monitoring beside each of the others. */
function broughtUp({ profiles }: Stack): readonly (readonly string[])[] {
  if (profiles.length === 0) return [[]];
  const others = profiles.filter((profile) => profile !== 'monitoring');
  const watched = others.length < profiles.length ? others.map((profile) => [profile, 'monitoring']) : [];
  return [...profiles.map((profile) => [profile]), ...watched];
}

function findCompose(): readonly string[] | null {
  if (canRun('docker', 'compose', 'version')) return ['docker', 'compose'];
  return canRun('docker-compose', 'version') ? ['docker-compose'] : null;
}

function configure(
  compose: readonly string[],
  stack: Stack,
  profiles: readonly string[],
  folder: string,
): string | null {
  const text = stack.files.map(readText).join('\n');
  const secrets = variablesOf(text).filter(({ refusal }) => refusal !== null);
  const values = path.join(folder, 'values.env');
  writeFileSync(values, `${readText(stack.example)}\n${secrets.map(({ name }) => `${name}=x`).join('\n')}\n`);
  const [program, ...first] = compose;
  return problemOf(
    program!,
    [
      ...first,
      ...['--env-file', values],
      ...stack.files.flatMap((file) => ['-f', file]),
      ...profiles.flatMap((profile) => ['--profile', profile]),
      ...['config', '--quiet'],
    ],
    { cwd: ROOT },
  );
}
