export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** One JSON object a line on stderr; stdout belongs to the protocol alone. */
export function log(level: LogLevel, message: string, fields: Readonly<Record<string, unknown>> = {}): void {
  process.stderr.write(`${JSON.stringify({ time: new Date().toISOString(), level, message, ...fields })}\n`);
}
