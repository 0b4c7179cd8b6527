import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';

/**
 * When the service ends, ends the connections that Node and Fastify leave open, each of which would hold up the end for more than a
 * minute: those on which nothing was ever asked (browsers open them in advance), and those whose last request was running just then.
 */
export function endConnections(fastify: FastifyInstance): void {
  const unused = new Set<Socket>();
  let isEnding = false;
  fastify.server.on('connection', (socket: Socket) => {
    unused.add(socket);
    socket.once('close', () => unused.delete(socket));
  });
  fastify.addHook('onRequest', (request, _reply, done) => {
    unused.delete(request.raw.socket);
    done();
  });
  fastify.addHook('preClose', (done) => {
    isEnding = true;
    for (const socket of unused) socket.destroy();
    done();
  });
  fastify.addHook('onResponse', (request, _reply, done) => {
    if (isEnding) request.raw.socket.end();
    done();
  });
}
