import type { status } from '@grpc/grpc-js';

export interface ModalFault {
  /**
   * `fail`: an error answer; `reset`: the connection breaks in the middle; `hang`: no answer;
   * `die`: the server ends and keeps what it has stored, until `restart`.
   */
  readonly kind: 'fail' | 'reset' | 'hang' | 'die';
  /** Does the call take effect before it is spoiled? Before, if not said. */
  readonly when?: 'before' | 'after';
  /** How many calls go well first; none, if not said. */
  readonly skip?: number;
  /** How many calls in a row are spoiled; for ever if not said. */
  readonly times?: number;
  /** Of `fail` on an RPC; INTERNAL if not said. */
  readonly code?: status;
  /** Of `fail` on a block's URL; 500 if not said. */
  readonly httpStatus?: number;
  readonly message?: string;
}

interface Planned {
  readonly fault: ModalFault;
  skip: number;
  left: number;
}

/** Which calls go wrong, and how. A call is named by its RPC, or `PutBlock` and `GetBlock` for the HTTP side of a volume. */
export class ModalFaultTable {
  private readonly planned = new Map<string, Planned>();

  set(call: string, fault: ModalFault): void {
    this.planned.set(call, { fault, skip: fault.skip ?? 0, left: fault.times ?? Infinity });
  }

  clear(): void {
    this.planned.clear();
  }

  /** The fault of this call, counted. */
  take(call: string): ModalFault | null {
    const planned = this.planned.get(call);
    if (planned === undefined || planned.left === 0) return null;
    if (planned.skip > 0) {
      planned.skip -= 1;
      return null;
    }
    planned.left -= 1;
    return planned.fault;
  }
}
