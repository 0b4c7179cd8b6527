import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import lockfile from 'proper-lockfile';
import { endGroup } from '../process/process-group.js';
import { identityOf, isAlive, type ProcessIdentity } from '../process/process-identity.js';
import { StackError } from '../settings/stack-error.js';

/** What a stack writes down about itself, so that another one knows of it. */
export interface StackRecord {
  readonly supervisor: ProcessIdentity;
  readonly apiUrl: string;
  readonly logFile: string;
  readonly startedAt: string;
  readonly services: readonly ServiceRecord[];
}

export interface ServiceRecord {
  readonly name: string;
  readonly state: string;
  readonly restarts: number;
  /** Null while it has no process. */
  readonly process: ProcessIdentity | null;
  readonly url: string | null;
}

const FILE_NAME = 'stack.json';
const IN_USE = 3;

/** The record of a stack that runs on this data directory; null when none does. */
export function readRunningStack(dataDirectory: string): StackRecord | null {
  const record = readRecord(dataDirectory);
  return record !== null && isAlive(record.supervisor) ? record : null;
}

/** The data directory while one stack has it. */
export class StackState {
  readonly supervisor = identityOf(process.pid);

  private constructor(private readonly dataDirectory: string) {}

  /**
   * Takes the data directory, and ends what a stack that was killed has left running.
   *
   * @throws StackError when another stack runs on it
   */
  static async take(dataDirectory: string, record: Omit<StackRecord, 'supervisor' | 'services'>): Promise<StackState> {
    mkdirSync(dataDirectory, { recursive: true });
    const release = await lockfile.lock(dataDirectory, {
      lockfilePath: path.join(dataDirectory, 'stack.lock'),
      stale: 5_000,
      retries: { retries: 60, minTimeout: 100, maxTimeout: 200 },
    });
    try {
      const other = readRecord(dataDirectory);
      if (other !== null && isAlive(other.supervisor)) throw inUse(dataDirectory, other);
      for (const { process } of other?.services ?? []) {
        if (process !== null && isAlive(process)) await endGroup(process.processId, LEFT_OVER_GRACE_MS);
      }
      const state = new StackState(dataDirectory);
      state.write({ ...record, supervisor: state.supervisor, services: [] });
      return state;
    } finally {
      await release();
    }
  }

  /** Complete or not at all: a reader never sees half of it. */
  write(record: StackRecord): void {
    const draft = path.join(this.dataDirectory, `${FILE_NAME}.${process.pid}`);
    writeFileSync(draft, `${JSON.stringify(record, null, 2)}\n`);
    renameSync(draft, path.join(this.dataDirectory, FILE_NAME));
  }

  release(): void {
    rmSync(path.join(this.dataDirectory, FILE_NAME), { force: true });
  }
}

const LEFT_OVER_GRACE_MS = 10_000;

function inUse(dataDirectory: string, { supervisor, apiUrl }: StackRecord): StackError {
  return new StackError(
    `A stack runs on ${dataDirectory} already (process ${supervisor.processId}, ${apiUrl}).`,
    '`claas-stack status` shows it, `claas-stack stop` ends it; --data-dir takes another directory.',
    IN_USE,
  );
}

function readRecord(dataDirectory: string): StackRecord | null {
  try {
    return JSON.parse(readFileSync(path.join(dataDirectory, FILE_NAME), 'utf8')) as StackRecord;
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
