import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';

/** One process, so that a later one with the same number is told apart from it. */
export interface ProcessIdentity {
  readonly processId: number;
  readonly host: string;
  /** From /proc, in the system's ticks since boot; null where there is no /proc. */
  readonly startedAt: string | null;
}

export function thisProcess(): ProcessIdentity {
  return { processId: process.pid, host: hostname(), startedAt: startOf(process.pid) };
}

/** Does this process of this host still run? */
export function isAlive({ processId, startedAt }: ProcessIdentity): boolean {
  try {
    process.kill(processId, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  const startedNow = startOf(processId);
  return startedAt === null || startedNow === null || startedNow === startedAt;
}

/** Field 22 of /proc/<pid>/stat; the second field is a name that may hold spaces and brackets. */
function startOf(processId: number): string | null {
  try {
    const fields = readFileSync(`/proc/${processId}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return fields[19] ?? null;
  } catch {
    return null;
  }
}
