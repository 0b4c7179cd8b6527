import { readFileSync } from 'node:fs';

/** Highest resident memory of this process so far, in bytes. */
export function peakMemory(): number {
  try {
    // What getrusage says includes the process that this one was forked from.
    const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
    if (kilobytes !== undefined) return Number(kilobytes) * 1024;
  } catch {
    // Not Linux.
  }
  return process.resourceUsage().maxRSS * 1024;
}
