import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const MAIN = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../dist/main.js');

export interface MainRun {
  readonly child: ChildProcess;
  /** What it said so far, on both streams. */
  readonly said: () => string;
  readonly ended: Promise<{ readonly code: number | null; readonly said: string }>;
}

/** Starts the compiled tool as people do, in `directory`, with nothing in its environment but what is given. */
export function startMain(directory: string, args: readonly string[], environment: Record<string, string>): MainRun {
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd: directory,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (said += text));
  const ended = new Promise<{ code: number | null; said: string }>((resolve) => {
    child.on('close', (code) => {
      resolve({ code, said });
    });
  });
  return { child, said: () => said, ended };
}
