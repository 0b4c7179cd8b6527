import { existsSync } from 'node:fs';
import { StackLog } from '../log/stack-log.js';
import { isPortFree } from '../network/is-port-free.js';
import { ownerOfPort } from '../network/owner-of-port.js';
import { describePlan, planForPrograms } from '../plan/describe-plan.js';
import { makePlan } from '../plan/make-plan.js';
import type { StackPlan } from '../plan/service-plan.js';
import { API_MAIN } from '../plan/workspace-root.js';
import { findProgram } from '../process/find-program.js';
import type { StackSettings } from '../settings/read-settings.js';
import { StackError } from '../settings/stack-error.js';
import { Stack } from '../stack/stack.js';
import { StackState } from '../state/stack-state.js';

export interface UpOptions {
  readonly dryRun?: true;
  readonly json?: true;
}

const IN_USE = 3;

/** Starts the stack and keeps it running, or shows what that would be. @throws StackError */
export async function up(settings: StackSettings, options: UpOptions): Promise<void> {
  const plan = makePlan(settings);
  if (options.dryRun) {
    console.log(options.json ? JSON.stringify(planForPrograms(plan), null, 2) : describePlan(plan));
    return;
  }
  if (!existsSync(API_MAIN))
    throw new StackError(`The API isn't built: ${API_MAIN} is missing.`, '`npm run stack` builds it.');
  assertPrograms(plan, settings);
  const { dataDirectory, logFile, apiUrl } = plan;
  const state = await StackState.take(dataDirectory, { apiUrl, logFile, startedAt: new Date().toISOString() });
  const log = openLog(logFile, settings);
  try {
    await assertPortsFree(plan);
    await keepRunning(new Stack(plan, settings, log, state));
  } finally {
    state.release();
    log.close();
  }
}

async function keepRunning(stack: Stack): Promise<void> {
  const end = (): void => {
    stack.end();
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, end);
  try {
    await stack.run();
  } finally {
    for (const signal of signals) process.off(signal, end);
  }
}

function openLog(logFile: string, { env }: StackSettings): StackLog {
  const hasColors = process.stdout.isTTY && (env['NO_COLOR'] ?? '') === '';
  return new StackLog(logFile, process.stdout, hasColors);
}

function assertPrograms(plan: StackPlan, { env }: StackSettings): void {
  for (const { name, command, workingDirectory } of plan.services) {
    const program = command[0] ?? '';
    if (findProgram(program, env['PATH'] ?? '', workingDirectory) !== null) continue;
    throw new StackError(
      `There is no program ${program}, which ${name} needs.`,
      'Install it, or say in the configuration where it is; `claas-stack doctor` looks at everything.',
    );
  }
}

async function assertPortsFree(plan: StackPlan): Promise<void> {
  for (const { name, ports } of plan.services) {
    for (const port of ports) {
      if (await isPortFree(port)) continue;
      const owner = ownerOfPort(port);
      const who = owner === null ? 'another program' : `${owner.name} (process ${owner.processId})`;
      throw new StackError(
        `Port ${port}, which ${name} needs, is in use by ${who}.`,
        'End that, or choose another port; `claas-stack doctor` says where.',
        IN_USE,
      );
    }
  }
}
