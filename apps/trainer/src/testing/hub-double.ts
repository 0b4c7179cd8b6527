import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

const COMMIT = '0123456789abcdef0123456789abcdef01234567';

/** Stands for the Hugging Face hub, which tests can't reach: one model, served from a directory. */
export class HubDouble {
  /** Paths that were asked for. */
  readonly requests: string[] = [];
  private readonly server: Server;

  constructor(
    readonly modelId: string,
    private readonly directory: string,
  ) {
    this.server = createServer((request, response) => {
      const url = request.url ?? '';
      this.requests.push(url);
      void this.answer(url).then((body) => response.end(body));
    });
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async answer(url: string): Promise<string | Buffer> {
    if (url.startsWith(`/api/models/${this.modelId}/revision/`)) {
      return JSON.stringify({ id: this.modelId, sha: COMMIT });
    }
    if (url.startsWith(`/api/models/${this.modelId}/tree/`)) {
      return JSON.stringify(await Promise.all((await readdir(this.directory)).map((name) => this.entry(name))));
    }
    return readFile(join(this.directory, decodeURIComponent(url.slice(`/${this.modelId}/resolve/${COMMIT}/`.length))));
  }

  private async entry(path: string): Promise<object> {
    const content = await readFile(join(this.directory, path));
    const oid = createHash('sha1').update(`blob ${content.byteLength}\0`).update(content).digest('hex');
    return { type: 'file', path, size: content.byteLength, oid };
  }
}
