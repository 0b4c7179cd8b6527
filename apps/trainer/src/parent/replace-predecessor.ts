import { readFile, writeFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';

const CHECK_MS = 20;
const PATIENCE_MS = 10_000;

/**
 * Ends the trainer that is named in `file`, where it still lives, and puts this one in its place: where a parent that died
 * can't take its trainer with it, the next one's would otherwise find the accelerator's memory taken.
 */
export async function replacePredecessor(file: string): Promise<void> {
  const predecessor = await readFile(file, 'utf8').catch(() => '');
  const processId = Number(predecessor.split(' ')[0]);
  const isAlive = async (): Promise<boolean> => processId > 0 && (await identity(processId)) === predecessor;
  if (await isAlive()) {
    process.kill(processId, 'SIGKILL');
    for (let waited = 0; waited < PATIENCE_MS && (await isAlive()); waited += CHECK_MS) await pause(CHECK_MS);
  }
  const own = await identity(process.pid);
  if (own !== null) await writeFile(file, own);
}

/** A process id with the time of its start, which no later process of that id shares; null when there is no such process. */
async function identity(processId: number): Promise<string | null> {
  const stat = await readFile(`/proc/${processId}/stat`, 'utf8').catch(() => null);
  if (stat === null) return null;
  // The command in parentheses may contain anything, so fields are counted after the last ")"; a zombie counts as gone.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' ? null : `${processId} ${fields[19] ?? ''}`;
}
