import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

export interface PortOwner {
  readonly processId: number;
  readonly name: string;
}

const LISTENING = '0A';

/** Who listens on a TCP port of this machine; null where it can't be told (another user's process, no /proc). */
export function ownerOfPort(port: number): PortOwner | null {
  try {
    const sockets = new Set(['/proc/net/tcp', '/proc/net/tcp6'].flatMap((table) => socketsOf(table, port)));
    if (sockets.size === 0) return null;
    const owner = readdirSync('/proc').find((name) => /^\d+$/.test(name) && holdsOneOf(name, sockets));
    if (owner === undefined) return null;
    return { processId: Number(owner), name: readFileSync(`/proc/${owner}/comm`, 'utf8').trim() };
  } catch {
    return null;
  }
}

/** Inodes of the sockets that listen on the port. */
function socketsOf(table: string, port: number): string[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return readFileSync(table, 'utf8')
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local, , state]) => local?.endsWith(suffix) === true && state === LISTENING)
    .map((fields) => `socket:[${fields[9] ?? ''}]`);
}

function holdsOneOf(processId: string, sockets: ReadonlySet<string>): boolean {
  try {
    const folder = `/proc/${processId}/fd`;
    return readdirSync(folder).some((name) => sockets.has(readlinkSync(`${folder}/${name}`)));
  } catch {
    return false;
  }
}
