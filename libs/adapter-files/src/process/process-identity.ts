import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';

const host = encodeURIComponent(hostname());
const boot = readOrEmpty('/proc/sys/kernel/random/boot_id').trim();

/**
 * Names this process so that no later one is mistaken for it: process id, start time and boot (the latter two on Linux), host.
 * Safe as a file name; its parts are joined by `~`.
 */
export const PROCESS_IDENTITY = [process.pid, startOf(process.pid) ?? '', boot, host].join('~');

/**
 * Is the process behind an identity (or a text that begins with one) gone for certain?
 * Of another host nothing is known: such a process counts as gone once what it left is older than `foreignAfterMs`.
 */
export function isProcessGone(
  identity: string,
  age: { readonly ageMs: number; readonly foreignAfterMs: number },
): boolean {
  const [processId, start, itsBoot, itsHost] = identity.split('~');
  if (itsHost !== host) return age.ageMs > age.foreignAfterMs;
  if (itsBoot !== boot) return true;
  const id = Number(processId);
  if (!Number.isSafeInteger(id) || id <= 0 || !exists(id)) return true;
  const itsStart = startOf(id);
  return itsStart === 'ended' || (itsStart !== null && itsStart !== start);
}

function exists(processId: number): boolean {
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    // EPERM: it is there, and another user's.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** Clock ticks from boot to the start of a process; `ended` for a zombie; null where the system has no /proc. */
function startOf(processId: number): string | null {
  const stat = readOrEmpty(`/proc/${processId}/stat`);
  if (stat === '') return null;
  // The command may contain spaces and brackets: fields are counted from the last one. State is field 3, start time 22.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' ? 'ended' : (fields[19] ?? null);
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
