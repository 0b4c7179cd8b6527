import { format } from 'node:util';
import { log } from '../logging/log.js';
import type { LogLevel } from '../logging/log.js';

/**
 * Takes stdout for the protocol: the function returned writes one line to it, and whatever else is written to it by
 * libraries or `console` becomes a log line on stderr. To be called before anything else is imported that might write.
 */
export function claimStdout(): (line: string) => void {
  const write = process.stdout.write.bind(process.stdout);
  process.stdout.write = (text: string | Uint8Array, ...rest: unknown[]): boolean => {
    log('info', typeof text === 'string' ? text.trimEnd() : new TextDecoder().decode(text).trimEnd(), {
      from: 'stdout',
    });
    const written = rest.find((argument): argument is () => void => typeof argument === 'function');
    written?.();
    return true;
  };
  const levels = { debug: 'debug', log: 'info', info: 'info', warn: 'warn', error: 'error', trace: 'debug' } as const;
  for (const [method, level] of Object.entries(levels) as [keyof typeof levels, LogLevel][]) {
    console[method] = (...values: unknown[]): void => {
      log(level, format(...values), { from: 'console' });
    };
  }
  return (line) => {
    write(`${line}\n`);
  };
}
