import type { ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { LineDecoder } from '@claas/contracts';
import type { TrainerEvent } from '@claas/contracts';

export type SpokenTo = ChildProcessByStdio<Writable | null, Readable, Readable>;

/** A process and everything that it says. */
export class Conversation {
  readonly events: TrainerEvent[] = [];
  readonly logs: string[] = [];
  private readonly closed: Promise<unknown[]>;

  constructor(
    readonly child: SpokenTo,
    readonly stdin: Writable,
  ) {
    const [stdout, stderr] = [new LineDecoder(), new LineDecoder()];
    child.stdout.on('data', (chunk: Buffer) => {
      for (const line of stdout.push(chunk)) this.events.push(JSON.parse(line) as TrainerEvent);
    });
    child.stderr.on('data', (chunk: Buffer) => this.logs.push(...stderr.push(chunk)));
    stdin.on('error', () => undefined);
    this.closed = once(child, 'close');
  }

  send(...requests: object[]): void {
    for (const request of requests) this.stdin.write(`${JSON.stringify(request)}\n`);
  }

  /** The event that ends a request. */
  async end(id: number): Promise<TrainerEvent> {
    return this.until(({ id: other, ...event }) => other === id && !('progress' in event));
  }

  async until(isIt: (event: TrainerEvent) => boolean): Promise<TrainerEvent> {
    for (;;) {
      const event = this.events.find(isIt);
      if (event !== undefined) return event;
      if (this.child.exitCode !== null) throw new Error(`It ended: ${this.logs.join('\n')}`);
      await new Promise((next) => setTimeout(next, 5));
    }
  }

  async exit(): Promise<{ readonly code: unknown; readonly signal: unknown }> {
    const [code, signal] = await this.closed;
    return { code, signal };
  }
}
