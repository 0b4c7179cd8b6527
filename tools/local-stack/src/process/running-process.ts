import { execa } from 'execa';
import type { ServicePlan } from '../plan/service-plan.js';
import type { Variables } from '../settings/read-settings.js';
import { causeOfEnd, type End } from './cause-of-end.js';
import { endGroup, signalGroup } from './process-group.js';
import { identityOf, type ProcessIdentity } from './process-identity.js';

const LAST_LINES = 40;

/** A service's process while it runs, with its children in a group of its own: Ctrl-C reaches only the stack. */
export class RunningProcess {
  private constructor(
    /** Null when it couldn't be started. */
    readonly identity: ProcessIdentity | null,
    /** Never rejects. */
    readonly end: Promise<End>,
  ) {}

  static start(plan: ServicePlan, environment: Variables, onLine: (line: string) => void): RunningProcess {
    const [program = '', ...args] = plan.command;
    const child = execa(program, args, {
      cwd: plan.workingDirectory,
      env: { ...environment, ...plan.env },
      extendEnv: false,
      stdin: 'ignore',
      buffer: false,
      reject: false,
      detached: true,
      cleanup: false,
      all: true,
    });
    const lastLines: string[] = [];
    const read = async (): Promise<void> => {
      for await (const line of child.iterable({ from: 'all' })) {
        lastLines.push(line);
        if (lastLines.length > LAST_LINES) lastLines.shift();
        onLine(line);
      }
    };
    const reading = read().catch(() => undefined);
    const groupId = child.pid;
    const end = (async (): Promise<End> => {
      const { exitCode, signal, code, originalMessage } = await child;
      // What it has started ends with it: its memory and its ports are needed by the next one.
      if (groupId !== undefined) await endGroup(groupId, 0);
      await reading;
      const reason = groupId === undefined ? (originalMessage ?? code ?? 'it could not be started') : null;
      return causeOfEnd({ exitCode: exitCode ?? null, signal: signal ?? null, notStarted: reason, lastLines });
    })();
    return new RunningProcess(groupId === undefined ? null : identityOf(groupId), end);
  }

  /** Asks it to end, and makes it after `graceMs` or when `hurry` is aborted. */
  async stop(graceMs: number, hurry?: AbortSignal): Promise<void> {
    if (this.identity !== null) await endGroup(this.identity.processId, graceMs, hurry);
    await this.end;
  }

  kill(): void {
    if (this.identity !== null) signalGroup(this.identity.processId, 'SIGKILL');
  }
}
