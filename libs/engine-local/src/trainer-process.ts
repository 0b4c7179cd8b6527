import { TrainerSupervisor } from '@claas/trainer-client';
import type { TrainerSupervision } from '@claas/trainer-client';
import { openProcess } from './process-link.js';
import type { TrainerCommand } from './process-link.js';

export type TrainerProcessOptions = TrainerCommand & Omit<TrainerSupervision, 'name' | 'open' | 'onIdle'>;

/** A trainer process on this machine, started when it is asked for and again after a crash. */
export class TrainerProcess extends TrainerSupervisor {
  constructor({ command, args, env, ...supervision }: TrainerProcessOptions) {
    super({ ...supervision, name: command, open: (streams) => openProcess({ command, args, env }, streams) });
  }
}
