import type { status } from '@grpc/grpc-js';

/** An error that a handler answers with; anything else that it throws becomes INTERNAL. */
export class RpcError extends Error {
  constructor(
    readonly code: status,
    message: string,
  ) {
    super(message);
  }
}
