import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export const COMMIT = '0123456789abcdef0123456789abcdef01234567';
export const MODEL = 'claas/tiny';

/** Stands for the hub, which can't be reached from here: its three routes, large files behind a redirect to another origin. */
export class HubDouble {
  readonly files = new Map<string, { content: Buffer; large: boolean }>();
  readonly requests: { url: string; authorization: string | undefined; range: string | undefined; store: boolean }[] =
    [];
  /** Cut the connection after so many bytes of a large file, once for each entry. */
  cuts: number[] = [];
  status = 200;
  ignoresRanges = false;
  corruptions = 0;
  private hub!: Server;
  private store!: Server;

  async start(): Promise<void> {
    this.hub = createServer((request, response) => {
      this.answerHub(request, response);
    });
    this.store = createServer((request, response) => {
      this.answerStore(request, response);
    });
    for (const server of [this.hub, this.store]) {
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    }
  }

  async stop(): Promise<void> {
    for (const server of [this.hub, this.store]) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.hub.address() as AddressInfo).port}`;
  }

  /** Ranges with which a large file was asked for. */
  rangesOf(name: string): (string | undefined)[] {
    return this.requests.filter(({ url, store }) => store && url === `/${name}`).map(({ range }) => range);
  }

  private note(request: IncomingMessage, store: boolean): string {
    const url = request.url ?? '';
    this.requests.push({ url, authorization: request.headers.authorization, range: request.headers.range, store });
    return url;
  }

  private answerHub(request: IncomingMessage, response: ServerResponse): void {
    const url = this.note(request, false);
    if (this.status !== 200) {
      response.writeHead(this.status, { 'content-type': 'application/json' }).end('{"error":"refused"}');
    } else if (url.startsWith(`/api/models/${MODEL}/revision/main`)) {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ id: MODEL, sha: COMMIT }));
    } else if (url.startsWith(`/api/models/${MODEL}/tree/${COMMIT}`)) {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(this.tree()));
    } else {
      const name = decodeURIComponent(url.slice(`/${MODEL}/resolve/${COMMIT}/`.length));
      const file = this.files.get(name);
      if (file === undefined) response.writeHead(404).end();
      else if (file.large) {
        const { port } = this.store.address() as AddressInfo;
        response.writeHead(302, { location: `http://localhost:${port}/${name}` }).end();
      } else response.writeHead(200).end(file.content);
    }
  }

  private answerStore(request: IncomingMessage, response: ServerResponse): void {
    const url = this.note(request, true);
    let content = this.files.get(url.slice(1))?.content ?? Buffer.alloc(0);
    if (this.corruptions > 0) {
      this.corruptions--;
      content = Buffer.from(content.map((byte) => byte ^ 0xff));
    }
    const match = this.ignoresRanges ? null : /^bytes=(\d+)-$/.exec(request.headers.range ?? '');
    const start = match === null ? 0 : Number(match[1]);
    const headers = { 'content-length': String(content.byteLength - start) };
    if (match === null) response.writeHead(200, headers);
    else {
      const range = `bytes ${start}-${content.byteLength - 1}/${content.byteLength}`;
      response.writeHead(206, { ...headers, 'content-range': range });
    }
    const cut = this.cuts.shift();
    if (cut === undefined) response.end(content.subarray(start));
    else response.write(content.subarray(start, start + cut), () => setTimeout(() => response.destroy(), 20));
  }

  private tree(): unknown[] {
    return [...this.files].map(([path, { content, large }]) => ({
      type: 'file',
      path,
      size: content.byteLength,
      oid: gitHash(content),
      ...(large ? { lfs: { oid: sha256(content), size: content.byteLength, pointerSize: 130 } } : {}),
    }));
  }
}

export function sha256(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}

function gitHash(content: Buffer): string {
  return createHash('sha1').update(`blob ${content.byteLength}\0`).update(content).digest('hex');
}
