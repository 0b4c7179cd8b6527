import type { OutgoingHttpHeaders } from 'node:http';
import type { RelayTarget } from '@claas/vllm-control';
import type { FastifyReply } from 'fastify';

/** Writes an answer straight to the client's connection, with the headers that every response of the service has. */
export class ReplyTarget implements RelayTarget {
  constructor(private readonly reply: FastifyReply) {}

  get headersSent(): boolean {
    return this.reply.raw.headersSent;
  }

  writeHead(status: number, headers: Readonly<Record<string, string | number>>): void {
    this.reply.hijack();
    this.reply.raw.writeHead(status, { ...(this.reply.getHeaders() as OutgoingHttpHeaders), ...headers });
  }

  write(bytes: Buffer): boolean {
    return this.reply.raw.write(bytes);
  }

  end(bytes?: Buffer): void {
    this.reply.raw.end(bytes);
  }

  once(event: 'drain', listener: () => void): void {
    this.reply.raw.once(event, listener);
  }
}
