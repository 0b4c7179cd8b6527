export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** One line of the trainer's stderr. */
export interface TrainerLogRecord {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** What TensorFlow says at every start and of every graph, whatever its log level is: nothing that an operator could act on. */
const START_NOTICE = /^(WARNING: All log messages before absl|I\d{4} |To enable the following instructions:)/;

/** The trainer writes JSON lines; native libraries write whatever they like, which is kept as it is. */
export function parseLogLine(line: string): TrainerLogRecord {
  try {
    const record: unknown = JSON.parse(line);
    if (typeof record === 'object' && record !== null && 'level' in record && 'message' in record) {
      const { level, message, ...fields } = record;
      if (isLogLevel(level) && typeof message === 'string') return { level, message, fields };
    }
  } catch {
    // Not JSON: a native library's own words.
  }
  return { level: START_NOTICE.test(line) ? 'debug' : 'info', message: line, fields: {} };
}

function isLogLevel(value: unknown): value is LogLevel {
  return LOG_LEVELS.some((level) => level === value);
}
