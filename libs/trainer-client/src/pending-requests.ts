import { ClaasError } from '@claas/contracts';
import type { TrainerEvent, TrainerMethod } from '@claas/contracts';

/** A request that the trainer has not ended yet. */
export interface PendingRequest {
  readonly id: number;
  readonly method: TrainerMethod;
  readonly onProgress: (progress: never) => void;
  readonly resolve: (result: never) => void;
  readonly reject: (error: Error) => void;
}

/** What was asked of one trainer and is not answered yet. */
export class PendingRequests {
  private readonly requests = new Map<number, PendingRequest>();

  get size(): number {
    return this.requests.size;
  }

  add(request: PendingRequest): void {
    this.requests.set(request.id, request);
  }

  /** Hands an event to the request that it belongs to; that request's method, or null when there is none (any more). */
  accept(event: TrainerEvent): TrainerMethod | null {
    const request = this.requests.get(event.id);
    if (request === undefined) return null;
    if ('progress' in event) {
      request.onProgress(event.progress as never);
      return request.method;
    }
    this.requests.delete(event.id);
    if ('error' in event) request.reject(ClaasError.fromWire(event.error));
    else request.resolve(event.result as never);
    return request.method;
  }

  failAll(reason: ClaasError): void {
    const requests = [...this.requests.values()];
    this.requests.clear();
    for (const request of requests) request.reject(reason);
  }
}
