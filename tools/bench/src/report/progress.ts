import { SingleBar } from 'cli-progress';

/** A bar on stderr while something takes long; nothing where stderr is no terminal but a line when something begins. */
export class Progress {
  private bar: SingleBar | null = null;

  constructor(private readonly stream: NodeJS.WriteStream) {}

  /** @param total in the units of `advance` and `set` */
  begin(title: string, total: number): void {
    this.end();
    if (!this.stream.isTTY) {
      this.stream.write(`${title} …\n`);
      return;
    }
    const format = `${title} [{bar}] {percentage} % · {eta_formatted} left`;
    this.bar = new SingleBar({ format, hideCursor: true, clearOnComplete: true, stream: this.stream });
    this.bar.start(total, 0);
  }

  advance(): void {
    this.bar?.increment();
  }

  set(value: number): void {
    this.bar?.update(value);
  }

  end(): void {
    this.bar?.stop();
    this.bar = null;
  }
}
