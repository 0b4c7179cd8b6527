import { spawn } from 'node:child_process';
import type { Environment } from '@claas/tensor-backend/native-runtime';
import { endGroup, trackGroup } from './process-groups.js';

export interface CommandOptions {
  readonly environment: Environment;
  readonly timeoutMs: number;
  readonly directory?: string;
  /** Called about every half second while the command runs; a text it returns ends the command, as its reason. */
  readonly watch?: () => string | null;
  /** Called with each piece of output. */
  readonly onOutput?: (text: string) => void;
}

export interface CommandResult {
  readonly ok: boolean;
  readonly stdout: string;
  readonly stderr: string;
  /** Why it failed, a clause for people; empty when it did not. */
  readonly reason: string;
}

/** Enough of what a compiler or pip says; the rest is dropped. */
const KEPT_OUTPUT = 200_000;
const WATCH_EVERY_MS = 500;

/**
 * Runs a program to its end or to its time limit, then ends it with all that it started. Never rejects: a program that is
 * missing or killed is a result too.
 */
export function runCommand(command: string, args: readonly string[], options: CommandOptions): Promise<CommandResult> {
  return new Promise((resolve) => {
    const child = spawn(command, [...args], {
      cwd: options.directory,
      env: { ...options.environment },
      stdio: ['ignore', 'pipe', 'pipe'],
      // A group of its own, so that a time limit also ends what the program started (a compiler's passes, pip's children).
      detached: true,
    });
    const forget = trackGroup(child.pid);
    const output = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => {
        if (output[name].length < KEPT_OUTPUT) output[name] += text;
        options.onOutput?.(text);
      });
    }
    let ended = '';
    const end = (reason: string): void => {
      if (ended === '') ended = reason;
      endGroup(child.pid);
    };
    const limit = setTimeout(() => {
      end(`took longer than ${Math.round(options.timeoutMs / 1000)} s`);
    }, options.timeoutMs);
    const watcher = setInterval(() => {
      const reason = options.watch?.() ?? null;
      if (reason !== null) end(reason);
    }, WATCH_EVERY_MS);
    const finish = (reason: string): void => {
      clearTimeout(limit);
      clearInterval(watcher);
      forget();
      resolve({ ...output, ok: reason === '', reason });
    };
    child.on('error', (error) => {
      finish(`can't be started (${error.message})`);
    });
    child.on('close', (code, signal) => {
      if (ended !== '') finish(ended);
      else if (signal !== null) finish(`was ended by ${signal}`);
      else finish(code === 0 ? '' : `ended with exit code ${String(code)}`);
    });
  });
}
