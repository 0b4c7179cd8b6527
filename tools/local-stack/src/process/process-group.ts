import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

const LOOK_MS = 50;

/** A process and all that it has started, by the number of their group. */
export function signalGroup(groupId: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-groupId, signal);
    return true;
  } catch {
    return false;
  }
}

/** Asks a group to end, makes it after `graceMs`, and comes back when nobody of it is left. */
export async function endGroup(groupId: number, graceMs: number, signal?: AbortSignal): Promise<void> {
  signalGroup(groupId, 'SIGTERM');
  const deadline = Date.now() + graceMs;
  while (isGroupAlive(groupId)) {
    if (Date.now() >= deadline || signal?.aborted === true) signalGroup(groupId, 'SIGKILL');
    await delay(LOOK_MS);
  }
}

/** Processes that have ended and wait for a parent to notice don't count. */
export function isGroupAlive(groupId: number): boolean {
  if (!signalGroup(groupId, 0)) return false;
  const processes = processNumbers();
  return processes === null || processes.some((processId) => isMember(processId, groupId));
}

/** Null where there is no /proc. */
function processNumbers(): string[] | null {
  try {
    return readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  } catch {
    return null;
  }
}

function isMember(processId: string, groupId: number): boolean {
  try {
    const stat = readFileSync(`/proc/${processId}/stat`, 'utf8');
    const [state, , group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return state !== 'Z' && state !== 'X' && Number(group) === groupId;
  } catch {
    return false;
  }
}
