import { Metadata, Server, ServerCredentials, status } from '@grpc/grpc-js';
import type { ServerDuplexStream, ServerUnaryCall, StatusObject, UntypedServiceImplementation } from '@grpc/grpc-js';
import type { ModalFault, ModalFaultTable } from '../fault-table.js';
import type { ModalPart, RpcCall, RpcHandler, RpcService } from './modal-part.js';
import { RpcError } from './rpc-error.js';
import { defineService } from './service-definitions.js';

const SERVICES: readonly RpcService[] = ['modal.client.ModalClient', 'modal.task_command_router.TaskCommandRouter'];
const MAX_MESSAGE_BYTES = 100 * 1024 * 1024;

/** A call that came, in order of arrival. */
export interface RecordedRpc {
  readonly rpc: string;
  readonly request: unknown;
}

export interface RpcServerOptions {
  readonly parts: readonly ModalPart[];
  readonly faults: ModalFaultTable;
  readonly record: (call: RecordedRpc) => void;
  /** @throws RpcError for a caller who may not call this */
  readonly authorize: (rpc: string, service: RpcService, metadata: RpcCall['metadata']) => void;
  readonly die: () => void;
}

type AnyCall = ServerUnaryCall<unknown, unknown> | ServerDuplexStream<unknown, unknown>;

/** The gRPC side: decodes, checks who calls, lets the handlers answer, and spoils what the fault table names. */
export class RpcServer {
  private readonly server = new Server({
    'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
    'grpc.max_send_message_length': MAX_MESSAGE_BYTES,
  });
  private readonly ended = new AbortController();

  constructor(private readonly options: RpcServerOptions) {
    for (const service of SERVICES) {
      const parts = options.parts.filter((part) => part.service === service);
      if (parts.length === 0) continue;
      const definition = defineService(service, parts);
      const handlers: Record<string, RpcHandler> = Object.assign({}, ...parts.map((part) => part.handlers));
      const implementation: UntypedServiceImplementation = {};
      for (const [rpc, method] of Object.entries(definition)) {
        const handler = handlers[rpc];
        if (handler === undefined) throw new Error(`${service}/${rpc} has no handler`);
        implementation[rpc] = (call: AnyCall, callback?: UnaryCallback): void => {
          const answered = this.answer({ rpc, service, handler, streams: method.responseStream }, call);
          answered.then(
            (answer) => {
              if (callback !== undefined) callback(null, answer);
              else (call as ServerDuplexStream<unknown, unknown>).end();
            },
            (error: unknown) => {
              if (callback !== undefined) callback(toStatus(error), null);
              else call.emit('error', toStatus(error));
            },
          );
        };
      }
      this.server.addService(definition, implementation);
    }
  }

  /** The port that it listens on. */
  listen(port: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), (error, bound) => {
        if (error === null) resolve(bound);
        else reject(error);
      });
    });
  }

  /** Ends at once; calls that run break off. */
  die(): void {
    this.ended.abort();
    this.server.forceShutdown();
  }

  private async answer(
    { rpc, service, handler, streams }: { rpc: string; service: RpcService; handler: RpcHandler; streams: boolean },
    call: AnyCall,
  ): Promise<unknown> {
    const metadata = Object.fromEntries(
      Object.entries(call.metadata.getMap()).map(([key, value]) => [key, String(value)]),
    );
    const request: unknown = 'request' in call ? call.request : call;
    this.options.record({ rpc, request: 'request' in call ? call.request : null });
    this.options.authorize(rpc, service, metadata);
    const fault = this.options.faults.take(rpc);
    if (fault !== null && fault.when !== 'after') await this.spoil(fault);
    const gone = new AbortController();
    call.on('cancelled', () => {
      gone.abort();
    });
    const answer = await handler(request, { signal: AbortSignal.any([gone.signal, this.ended.signal]), metadata });
    if (!streams) {
      if (fault !== null) await this.spoil(fault);
      return answer;
    }
    for await (const message of answer as AsyncIterable<object>) {
      if (gone.signal.aborted) return undefined;
      (call as ServerDuplexStream<unknown, unknown>).write(message);
      // A stream is spoiled after its first message.
      if (fault !== null) await this.spoil(fault);
    }
    if (fault !== null) await this.spoil(fault);
    return undefined;
  }

  private async spoil({ kind, code = status.INTERNAL, message = 'injected failure' }: ModalFault): Promise<never> {
    switch (kind) {
      case 'fail':
        throw new RpcError(code, message);
      case 'reset':
        throw new RpcError(status.UNAVAILABLE, 'the connection broke');
      case 'die':
        this.options.die();
        break;
      case 'hang':
    }
    return new Promise(() => undefined);
  }
}

type UnaryCallback = (error: Partial<StatusObject> | null, answer: unknown) => void;

function toStatus(error: unknown): Partial<StatusObject> {
  if (error instanceof RpcError) return { code: error.code, details: error.message, metadata: new Metadata() };
  const details = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { code: status.INTERNAL, details, metadata: new Metadata() };
}
