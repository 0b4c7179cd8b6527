import { cpus, loadavg, totalmem } from 'node:os';

/** Where and when figures were measured. */
export interface MachineDescription {
  readonly processor: string;
  readonly processors: number;
  readonly memory_bytes: number;
  readonly node: string;
  readonly time: string;
  /** Mean number of running programs over the last one, five and fifteen minutes, before anything was measured. */
  readonly load: readonly number[];
}

export function describeMachine(): MachineDescription {
  const processors = cpus();
  return {
    processor: processors[0]?.model.trim() ?? 'unknown',
    processors: processors.length,
    memory_bytes: totalmem(),
    node: process.version,
    time: new Date().toISOString(),
    load: loadavg(),
  };
}
