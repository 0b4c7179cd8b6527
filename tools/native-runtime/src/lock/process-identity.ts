import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';

const host = encodeURIComponent(hostname());

/** Names a process so that no later one is mistaken for it: process id, its start (on Linux), host; joined by `~`. */
export function processIdentity(processId: number = process.pid): string {
  return [processId, startOf(processId) ?? '', host].join('~');
}

/** Is the process gone for certain? Null: it is another host's, and nothing is known of it. */
export function isGone(identity: string): boolean | null {
  const [id, start, itsHost] = identity.split('~');
  if (itsHost !== host) return null;
  const processId = Number(id);
  if (!Number.isSafeInteger(processId) || processId <= 0) return true;
  try {
    process.kill(processId, 0);
  } catch (error) {
    // EPERM: it is there, and another user's.
    if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) return true;
  }
  const itsStart = startOf(processId);
  return itsStart !== null && itsStart !== start;
}

/** Boot and clock ticks from boot to the start of a process; `ended` for a zombie; null where the system has no /proc. */
function startOf(processId: number): string | null {
  try {
    const stat = readFileSync(`/proc/${processId}/stat`, 'utf8');
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    // The command may contain spaces and brackets: fields are counted from the last one. State is field 3, start time 22.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? 'ended' : `${boot}-${fields[19] ?? ''}`;
  } catch {
    return null;
  }
}
