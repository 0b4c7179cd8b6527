/** What a handler may know of the call beside its request. */
export interface RpcCall {
  /** Aborted when the client has gone, or the server dies. */
  readonly signal: AbortSignal;
  /** Of the gRPC metadata, by lower-case name. */
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Answers an RPC with a message as a plain object, field names in camel case and 64-bit numbers as numbers; a stream of
 * answers is an async iterable of them. A stream of requests arrives as an async iterable in place of the request.
 */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- each handler names the shape that its own schema gives
export type RpcHandler = (request: any, call: RpcCall) => object | Promise<object> | AsyncIterable<object>;

export type RpcService = 'modal.client.ModalClient' | 'modal.task_command_router.TaskCommandRouter';

/** A part of one service: its messages in proto3, the lines of its RPCs, and who answers them. */
export interface ModalPart {
  readonly service: RpcService;
  /** `message` and `enum` declarations, only what is used, with Modal's own field numbers. */
  readonly messages: string;
  /** `rpc Name (Request) returns (Answer);`, one a line. */
  readonly rpcs: string;
  readonly handlers: Readonly<Record<string, RpcHandler>>;
}
