import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ModalFault, ModalFaultTable } from '../fault-table.js';
import type { BlockStore } from './block-store.js';

/** The HTTP side of volumes: blocks go up and down by URLs that were handed out for them. */
export class BlockServer {
  private server: Server | null = null;
  private port = 0;

  constructor(
    private readonly blocks: BlockStore,
    private readonly faults: ModalFaultTable,
    private readonly record: (call: 'PutBlock' | 'GetBlock') => void,
    private readonly onDie: () => void,
  ) {}

  url(grant: string): string {
    return `http://127.0.0.1:${this.port}/blocks/${grant}`;
  }

  listen(): Promise<void> {
    const server = createServer((request, response) => {
      this.serve(request, response).catch(() => response.destroy());
    });
    this.server = server;
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.port, '127.0.0.1', () => {
        this.port = (server.address() as AddressInfo).port;
        resolve();
      });
    });
  }

  die(): void {
    this.server?.closeAllConnections();
    this.server?.close();
    this.server = null;
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const grant = this.blocks.granted((request.url ?? '').slice('/blocks/'.length));
    if (grant?.method !== request.method) {
      response.writeHead(404).end('NoSuchKey');
      return;
    }
    const call = grant?.method === 'PUT' ? 'PutBlock' : 'GetBlock';
    this.record(call);
    const fault = this.faults.take(call);
    if (grant === undefined || grant.expiresAt <= Date.now()) {
      response.writeHead(403, { connection: 'close' }).end('Request has expired');
      return;
    }
    if (fault !== null && fault.when !== 'after') {
      if (grant.method === 'GET' && fault.kind === 'reset') await this.cutShort(grant, response);
      else await this.spoil(fault, request, response);
      return;
    }
    if (grant.method === 'GET') {
      const [from, to] = grant.range;
      response.writeHead(200, { 'content-length': to - from, 'content-type': 'application/octet-stream' });
      this.blocks.read(grant.sha256, grant.range).pipe(response);
      return;
    }
    const receipt = await this.blocks.write(grant.sha256, request);
    if (fault !== null) await this.spoil(fault, request, response);
    else if (receipt === null) response.writeHead(400).end('BadDigest');
    else response.writeHead(200).end(receipt);
  }

  /** Half of a block, then the connection breaks. */
  private async cutShort(
    { sha256, range: [from, to] }: { readonly sha256: string; readonly range: readonly [number, number] },
    response: ServerResponse,
  ): Promise<void> {
    response.writeHead(200, { 'content-length': to - from });
    for await (const chunk of this.blocks.read(sha256, [from, Math.max(from + 1, Math.floor((from + to) / 2))])) {
      response.write(chunk);
    }
    response.socket?.destroy();
  }

  private async spoil(fault: ModalFault, request: IncomingMessage, response: ServerResponse): Promise<void> {
    switch (fault.kind) {
      case 'fail':
        response.writeHead(fault.httpStatus ?? 500, { connection: 'close' }).end(fault.message ?? 'injected failure');
        break;
      case 'reset':
        // After a part of the body, as a connection that breaks in the middle.
        await new Promise((resolve) => request.once('data', resolve).once('end', resolve));
        request.socket.destroy();
        break;
      case 'die':
        this.onDie();
        break;
      case 'hang':
    }
  }
}
