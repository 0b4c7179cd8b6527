import type { LoadProgress } from '@claas/contracts';
import type { TrainerLogRecord } from '@claas/trainer-client';
import type { ModalClient } from 'modal';
import type { VolumeTransfer } from './files/volume-transfer.js';
import { ModalEngine } from './modal-engine.js';
import { SandboxHost } from './sandbox/sandbox-host.js';
import type { SandboxSettings } from './sandbox/sandbox-settings.js';
import { DEFAULT_SANDBOX_LIMITS } from './trainer/sandbox-limits.js';
import type { SandboxLimits } from './trainer/sandbox-limits.js';
import { SandboxTrainer } from './trainer/sandbox-trainer.js';

export interface ModalEngineOptions {
  readonly client: ModalClient;
  readonly settings: SandboxSettings;
  readonly transfer: VolumeTransfer;
  /** The name that adapters and requests know the base model by. */
  readonly baseModel: string;
  readonly model: { readonly directory: string } | { readonly hubId: string };
  readonly limits?: Partial<SandboxLimits>;
  readonly onLog?: (record: TrainerLogRecord) => void;
  readonly onLoadProgress?: (progress: LoadProgress) => void;
}

/** The engine, and the trainer that serving may share. Asks Modal for nothing yet. */
export function openModalEngine({ client, settings, limits: changes, ...rest }: ModalEngineOptions): {
  readonly engine: ModalEngine;
  readonly trainer: SandboxTrainer;
} {
  const limits = { ...DEFAULT_SANDBOX_LIMITS, ...changes };
  const host = new SandboxHost(client, settings, limits.schedulingMs);
  const trainer = new SandboxTrainer({ ...rest, host, settings, limits });
  return { engine: new ModalEngine(trainer, host, settings, limits), trainer };
}
