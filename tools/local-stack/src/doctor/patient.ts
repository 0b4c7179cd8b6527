import type { Finding } from './finding.js';
import type { StackPlan } from '../plan/service-plan.js';
import type { StackSettings } from '../settings/read-settings.js';

/** What is needed, and what is asked about this machine. */
export interface Patient {
  readonly settings: StackSettings;
  readonly plan: StackPlan;
  /** Free bytes where the data directory lies. */
  readonly minDiskBytes: number;
  /** Main memory that is available. */
  readonly minMemoryBytes: number;
  /** Free memory of the GPU, where vLLM is to run. */
  readonly minGpuMemoryBytes: number;
  readonly run: RunProgram;
}

export interface ProgramOutput {
  readonly exitCode: number;
  readonly stdout: string;
}

/** Null when there is no such program. */
export type RunProgram = (
  command: readonly string[],
  env?: Readonly<Record<string, string | undefined>>,
) => Promise<ProgramOutput | null>;

export type Check = (patient: Patient) => Promise<readonly Finding[]>;
