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
    for (const profile of stack.profiles.length === 0 ? [null] : stack.profiles) {
      const claim = `compose takes ${stack.title}${profile === null ? '' : ` in profile ${profile}`}`;
      if (compose === null) report.leaveOut(claim, 'there is neither `docker compose` nor `docker-compose`');
      else report.check(claim, configure(compose, stack, profile, folder));
    }
  }
  rmSync(folder, { recursive: true });
}

function findCompose(): readonly string[] | null {
  if (canRun('docker', 'compose', 'version')) return ['docker', 'compose'];
  return canRun('docker-compose', 'version') ? ['docker-compose'] : null;
}

function configure(compose: readonly string[], stack: Stack, profile: string | null, folder: string): string | null {
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
      ...(profile === null ? [] : ['--profile', profile]),
      ...['config', '--quiet'],
    ],
    { cwd: ROOT },
  );
}
