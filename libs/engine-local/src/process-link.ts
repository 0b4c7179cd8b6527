import { spawn } from 'node:child_process';
import type { TrainerEnd, TrainerLink, TrainerStreams } from '@claas/trainer-client';

export interface TrainerCommand {
  readonly command: string;
  readonly args: readonly string[];
  /** The whole environment of the process. */
  readonly env: Readonly<Record<string, string>>;
}

/** Starts a trainer as a child of this process. It ends when this one does, because its stdin closes. */
export function openProcess({ command, args, env }: TrainerCommand, streams: TrainerStreams): TrainerLink {
  const child = spawn(command, [...args], { env: { ...env }, stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdout.on('data', streams.onOutput);
  child.stderr.on('data', streams.onLog);
  // A write to a dead process: its end is reported by `close`, with a better reason.
  child.stdin.on('error', () => undefined);
  return {
    processId: child.pid ?? null,
    opened: Promise.resolve(),
    ended: new Promise<TrainerEnd>((resolve) => {
      let spawnError: Error | null = null;
      child.on('error', (error) => {
        spawnError ??= error;
      });
      child.on('close', (exitCode, signal) => {
        resolve(spawnError ?? { exitCode, signal });
      });
    }),
    write: (text) => {
      child.stdin.write(text);
    },
    kill: () => {
      child.kill('SIGKILL');
    },
  };
}
