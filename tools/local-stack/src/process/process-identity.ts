import { readFileSync } from 'node:fs';

/** One process, so that a later one with the same number is told apart from it. */
export interface ProcessIdentity {
  readonly processId: number;
  /** From /proc, in the system's ticks since boot; null where there is no /proc. */
  readonly startedAt: string | null;
}

export function identityOf(processId: number): ProcessIdentity {
  return { processId, startedAt: startOf(processId) };
}

/** Does this process still run? One that has ended and waits for its parent doesn't. */
export function isAlive({ processId, startedAt }: ProcessIdentity): boolean {
  try {
    process.kill(processId, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  const fields = fieldsOf(processId);
  if (fields === null) return true;
  return fields[0] !== 'Z' && (startedAt === null || fields[19] === startedAt);
}

function startOf(processId: number): string | null {
  return fieldsOf(processId)?.[19] ?? null;
}

/** From the third of /proc/<pid>/stat on; the second is a name that may hold spaces and brackets. */
function fieldsOf(processId: number): string[] | null {
  try {
    return readFileSync(`/proc/${processId}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
  } catch {
    return null;
  }
}
