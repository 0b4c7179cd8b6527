export type CheckpointKind = 'weights' | 'sampler_weights';

export interface CheckpointAddress {
  readonly runId: string;
  /** `weights/<name>` or `sampler_weights/<name>`. */
  readonly checkpointId: string;
}

const PATH = /^tinker:\/\/([^/]+)\/((?:sampler_)?weights\/[^/]+)$/;

export function checkpointPath(modelId: string, kind: CheckpointKind, name: string): string {
  return `tinker://${modelId}/${kind}/${name}`;
}

/** Null for text that is no checkpoint. */
export function parseCheckpointPath(path: string): CheckpointAddress | null {
  const [, runId, checkpointId] = PATH.exec(path) ?? [];
  return runId === undefined || checkpointId === undefined ? null : { runId, checkpointId };
}

/** Where the service's REST has it; the id's slash is one of the path. */
export function checkpointRoute(path: string): string {
  const address = parseCheckpointPath(path);
  if (address === null) throw new RangeError(`${path} is no checkpoint`);
  return `/training_runs/${encodeURIComponent(address.runId)}/checkpoints/${address.checkpointId}`;
}
