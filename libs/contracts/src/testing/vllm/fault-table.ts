/** Every call of a client that the double can be told to spoil. */
export type VllmCallName =
  | 'health'
  | 'version'
  | 'metrics'
  | 'models'
  | 'is_sleeping'
  | 'sleep'
  | 'wake_up'
  | 'reload_weights'
  | 'reset_prefix_cache'
  | 'load'
  | 'unload'
  | 'tokenize'
  | 'detokenize'
  | 'completions'
  | 'chat_completions';

export interface VllmFault {
  /** `fail`: an error answer; `reset`: the connection breaks; `hang`: no answer; `die`: the server ends, and forgets everything. */
  readonly kind: 'fail' | 'reset' | 'hang' | 'die';
  /** Does the call take effect before it is spoiled? */
  readonly when?: 'before' | 'after';
  /** How many calls in a row; for ever if not said. */
  readonly times?: number;
  /** Of `fail`. */
  readonly status?: number;
  readonly body?: string;
}

interface Planned {
  readonly fault: VllmFault;
  left: number;
}

/** Which calls go wrong, and how. */
export class FaultTable {
  private readonly planned = new Map<VllmCallName, Planned>();

  set(call: VllmCallName, fault: VllmFault): void {
    this.planned.set(call, { fault, left: fault.times ?? Infinity });
  }

  clear(): void {
    this.planned.clear();
  }

  /** The fault of this call, counted. */
  take(call: VllmCallName): VllmFault | null {
    const planned = this.planned.get(call);
    if (planned === undefined || planned.left === 0) return null;
    planned.left -= 1;
    return planned.fault;
  }
}
