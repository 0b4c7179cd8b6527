import { describeFindings } from '../doctor/describe-findings.js';
import { examine } from '../doctor/examine.js';
import { runProgram } from '../doctor/run-program.js';
import { makePlan } from '../plan/make-plan.js';
import type { StackSettings } from '../settings/read-settings.js';

export interface DoctorOptions {
  /** Bytes. */
  readonly minDisk: number;
  readonly minMemory: number;
  readonly minGpuMemory: number;
  readonly json?: true;
}

/** Exit code 1 when something must be fixed before the stack can start. */
export async function doctor(settings: StackSettings, options: DoctorOptions): Promise<void> {
  const findings = await examine({
    settings,
    plan: makePlan(settings),
    minDiskBytes: options.minDisk,
    minMemoryBytes: options.minMemory,
    minGpuMemoryBytes: options.minGpuMemory,
    run: runProgram,
  });
  const isFine = findings.every(({ status }) => status !== 'problem');
  if (options.json) console.log(JSON.stringify({ ok: isFine, findings }, null, 2));
  else {
    const hasColors = process.stdout.isTTY && (settings.env['NO_COLOR'] ?? '') === '';
    console.log(describeFindings(findings, hasColors, process.stdout.columns || 100));
  }
  if (!isFine) process.exitCode = 1;
}
