/** Every call that the double can spoil. */
export const TINKER_CALLS = [
  'client_config',
  'healthz',
  'get_server_capabilities',
  'create_session',
  'session_heartbeat',
  'create_model',
  'unload_model',
  'forward_backward',
  'optim_step',
  'save_weights',
  'save_weights_for_sampler',
  'load_weights',
  'create_sampling_session',
  'asample',
  'retrieve_future',
  'archive',
  'archive_file',
  'delete_checkpoint',
] as const;
export type TinkerCall = (typeof TINKER_CALLS)[number];

/**
 * `fail` answers with `status`; `reset` breaks the connection; `cut` breaks it in the middle of the answer; `hang` never answers;
 * `die` ends the process;
 * `lose` forgets sessions and models as a restart does; `expire` (of retrieve_future) forgets the promise (410);
 * `pending` (of retrieve_future) answers 408; `user_error` and `server_error` (of retrieve_future) report a failed request;
 * `nonsense` answers with `body`, whatever it is.
 */
export type TinkerFaultKind =
  | 'fail'
  | 'reset'
  | 'cut'
  | 'hang'
  | 'die'
  | 'lose'
  | 'expire'
  | 'pending'
  | 'user_error'
  | 'server_error'
  | 'nonsense';

export interface TinkerFault {
  readonly call: TinkerCall;
  readonly kind: TinkerFaultKind;
  /** Before the call does anything (the default), or after it did its work. */
  readonly when?: 'before' | 'after';
  /** How many calls it spoils; 1 by default. */
  readonly times?: number;
  /** Lets so many calls pass first. */
  readonly skip?: number;
  /** Of `fail`; 500 by default. */
  readonly status?: number;
  /** A header of `fail`. */
  readonly retryAfterSeconds?: number;
  /** Of `nonsense`. */
  readonly body?: string;
  /** Of `nonsense`; JSON by default. */
  readonly contentType?: string;
}

/** What is to go wrong, in the order in which it was asked for. */
export class FaultTable {
  private faults: { readonly fault: TinkerFault; skip: number; times: number }[] = [];

  add(fault: TinkerFault): void {
    this.faults.push({ fault, skip: fault.skip ?? 0, times: fault.times ?? 1 });
  }

  clear(): void {
    this.faults = [];
  }

  /** The fault that this call meets, if any. */
  take(call: TinkerCall): TinkerFault | null {
    const entry = this.faults.find(({ fault }) => fault.call === call);
    if (entry === undefined) return null;
    if (entry.skip > 0) {
      entry.skip -= 1;
      return null;
    }
    entry.times -= 1;
    if (entry.times <= 0) this.faults = this.faults.filter((other) => other !== entry);
    return entry.fault;
  }
}
