import { readFileSync } from 'node:fs';

/** Is a process there? A zombie (it has ended, nobody has taken its exit code yet) is not. */
export function isRunning(processId: number): boolean {
  try {
    process.kill(processId, 0);
    return !/^State:\s*Z/m.test(statusOf(processId));
  } catch {
    return false;
  }
}

/** Empty where the system has no /proc. */
function statusOf(processId: number): string {
  try {
    return readFileSync(`/proc/${processId}/status`, 'utf8');
  } catch {
    return '';
  }
}
