import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const REGISTER = fileURLToPath(new URL('register-typescript.mjs', import.meta.url));

/** A program of the tests in a process of its own, which says one line after the other and can be killed. */
export class TestProgram {
  private readonly lines: string[] = [];
  private readonly reader: Interface;
  private errors = '';
  /** The process is gone, and what it wrote has been read. */
  private readonly ended: Promise<unknown>;
  private hasEnded = false;

  private constructor(private readonly child: ChildProcess) {
    if (child.stdout === null) throw new Error('The program has no stdout.');
    this.reader = createInterface({ input: child.stdout });
    this.reader.on('line', (line) => this.lines.push(line));
    this.ended = Promise.all([once(child, 'close'), once(this.reader, 'close')]).then(() => (this.hasEnded = true));
    child.stderr?.on('data', (chunk: Buffer) => (this.errors += chunk.toString()));
  }

  /** `program` is a TypeScript file. */
  static start(program: URL, args: readonly string[]): TestProgram {
    const child = spawn(
      process.execPath,
      ['--conditions=@claas/source', '--import', REGISTER, fileURLToPath(program), ...args],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    return new TestProgram(child);
  }

  get processId(): number {
    return this.child.pid ?? 0;
  }

  /** Everything that was said so far. */
  get said(): readonly string[] {
    return this.lines;
  }

  /** Waits for a line that begins so. */
  async says(beginning: string): Promise<string> {
    for (;;) {
      const line = this.lines.find((one) => one.startsWith(beginning));
      if (line !== undefined) return line;
      if (this.hasEnded) throw new Error(`It ended with ${this.child.exitCode}: ${this.errors}`);
      await Promise.race([once(this.reader, 'line'), this.ended]);
    }
  }

  /** kill −9. Afterwards {@link said} has all that it ever said. */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.ended;
  }
}
