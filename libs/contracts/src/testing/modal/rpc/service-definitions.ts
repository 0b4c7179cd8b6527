import type { MethodDefinition, ServiceDefinition } from '@grpc/grpc-js';
import protobuf from 'protobufjs';
import type { ModalPart, RpcService } from './modal-part.js';

const TO_OBJECT: protobuf.IConversionOptions = { longs: Number, enums: Number, bytes: Buffer, defaults: true };

/** The gRPC definition of one service, put together from the schemas of its parts. */
export function defineService(service: RpcService, parts: readonly ModalPart[]): ServiceDefinition {
  const name = service.slice(service.lastIndexOf('.') + 1);
  const schema = [
    `syntax = "proto3";\npackage ${service.slice(0, service.lastIndexOf('.'))};\nmessage Empty {}`,
    ...parts.map(({ messages }) => messages),
    `service ${name} {\n${parts.map(({ rpcs }) => rpcs).join('\n')}\n}`,
  ].join('\n');
  const { root } = protobuf.parse(schema);
  const definition: Record<string, MethodDefinition<unknown, unknown>> = {};
  for (const method of root.lookupService(service).methodsArray) {
    const { requestType, responseType } = resolved(method);
    definition[method.name] = {
      path: `/${service}/${method.name}`,
      requestStream: method.requestStream ?? false,
      responseStream: method.responseStream ?? false,
      requestSerialize: serializer(requestType),
      requestDeserialize: deserializer(requestType),
      responseSerialize: serializer(responseType),
      responseDeserialize: deserializer(responseType),
    };
  }
  return definition;
}

function resolved(method: protobuf.Method): { requestType: protobuf.Type; responseType: protobuf.Type } {
  const { resolvedRequestType, resolvedResponseType } = method.resolve() as protobuf.Method;
  if (resolvedRequestType === null || resolvedResponseType === null) throw new Error(`${method.name} has no types`);
  return { requestType: resolvedRequestType, responseType: resolvedResponseType };
}

function serializer(type: protobuf.Type): (message: unknown) => Buffer {
  return (message) => Buffer.from(type.encode(type.fromObject(message as object)).finish());
}

function deserializer(type: protobuf.Type): (bytes: Buffer) => unknown {
  return (bytes) => type.toObject(type.decode(bytes), TO_OBJECT);
}
