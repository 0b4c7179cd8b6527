import { pino, stdSerializers, type Logger } from 'pino';
import type { LogLevel } from '../config/environment.js';

/** Injection token of the pino logger. */
export const LOGGER = Symbol('Logger');

/** JSON lines on stdout. */
export function createLogger(level: LogLevel): Logger {
  return pino({
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    messageKey: 'message',
    formatters: { level: (label) => ({ level: label }) },
    serializers: { err: serializeError },
  });
}

/**
 * An error for the log. A failed query quotes its parameters, which hold what users wrote: only its SQL is kept.
 */
export function serializeError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  if (!('query' in error) || !('params' in error)) return stdSerializers.err(error);
  const cause: unknown = error.cause;
  return {
    type: error.name,
    query: error.query,
    cause: cause instanceof Error ? stdSerializers.err(cause) : undefined,
  };
}
