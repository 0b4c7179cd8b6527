/** What the command ends with; docs/command-line.md and `claas --help` list them. */
export const ExitCode = {
  done: 0,
  /** Something on this side: a file that can't be read, an answer that isn't understood. */
  failed: 1,
  usage: 2,
  unreachable: 3,
  /** The service refused the request and changed nothing. */
  refused: 4,
  /** The service, or what it was asked to do, failed. */
  serviceFailed: 5,
  interrupted: 130,
} as const;
