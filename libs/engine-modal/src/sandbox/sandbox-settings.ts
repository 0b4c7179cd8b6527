/** What the Sandbox with the trainer is made of. */
export interface SandboxSettings {
  /** Modal App that the Sandbox belongs to; created when it is missing. */
  readonly app: string;
  /** Null: the environment that the workspace's profile names. */
  readonly environment: string | null;
  /** Published image, `name:tag`, that holds Node and the trainer's program. */
  readonly image: string;
  /** As Modal names it: `L40S`, `H100`, `A100-80GB`. */
  readonly gpu: string;
  /** Volume (second version) that adapters and base models pass through; created when it is missing. */
  readonly volume: string;
  /** Whose Sandbox it is: another deployment in the same App has another owner, and neither touches the other's. */
  readonly owner: string;
  /** Ends the Sandbox after so long without a request. Whole seconds. */
  readonly idleMs: number;
  /** What the trainer is told: its backend, the hub's token. */
  readonly trainerEnvironment: Readonly<Record<string, string>>;
}

/** Where the Volume is mounted. Trainers run in it, so that paths in their protocol are relative to it. */
export const MOUNT_PATH = '/claas';
/** Where the image has the trainer; tools/modal-deploy puts it there. */
export const TRAINER_PROGRAM = '/opt/claas/apps/trainer/dist/main.js';
/** Everything of the engine's on the Volume: the store's own files lie beside it, and no adapter id begins with a dot. */
export const ENGINE_FOLDER = '.trainer';
