import { randomUUID } from 'node:crypto';
import { TinkerHttpError } from './http-error.js';

/** What a request comes to: JSON or a protobuf message. */
export type Payload = { readonly json: object } | { readonly protobuf: Uint8Array };

/** A request that fails for a reason of its own, and not of the connection. */
export class RequestFailure extends Error {
  constructor(
    message: string,
    readonly category: 'unknown' | 'server' | 'user',
  ) {
    super(message);
  }
}

interface Future {
  readonly result: Promise<Payload>;
  isSettled: boolean;
  isExpired: boolean;
}

/** Requests that were accepted and whose results are asked for later. */
export class Futures {
  private readonly futures = new Map<string, Future>();

  get pending(): number {
    return [...this.futures.values()].filter(({ isSettled }) => !isSettled).length;
  }

  begin(result: Promise<Payload>): string {
    const id = randomUUID();
    const future: Future = { result, isSettled: false, isExpired: false };
    const settle = (): void => {
      future.isSettled = true;
    };
    result.then(settle, settle);
    this.futures.set(id, future);
    return id;
  }

  /** The promise is forgotten; the request itself is not, and may be sent again. */
  expire(id: string): void {
    const future = this.futures.get(id);
    if (future !== undefined) future.isExpired = true;
  }

  /** The same request was sent again. */
  revive(id: string): void {
    const future = this.futures.get(id);
    if (future !== undefined) future.isExpired = false;
  }

  /** The result, once it is there within `waitMs`; null while it is pending. @throws TinkerHttpError 410, RequestFailure */
  async retrieve(id: string, waitMs: number): Promise<Payload | null> {
    const future = this.futures.get(id);
    if (future === undefined || future.isExpired) throw new TinkerHttpError(410, `promise ${id} expired`);
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<null>((resolve) => {
      timer = setTimeout(() => {
        resolve(null);
      }, waitMs);
    });
    try {
      return await Promise.race([future.result, patience]);
    } finally {
      clearTimeout(timer);
    }
  }
}
