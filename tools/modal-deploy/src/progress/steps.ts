/** Tells on stderr what is being done and how long it took; on a terminal the seconds count on the line. */
export class Steps {
  constructor(
    private readonly stream: NodeJS.WriteStream = process.stderr,
    private readonly now: () => number = () => performance.now(),
  ) {}

  async run<T>(title: string, work: () => Promise<T>): Promise<T> {
    const begun = this.now();
    const seconds = (): string => `${((this.now() - begun) / 1000).toFixed(0)} s`;
    if (!this.stream.isTTY) this.stream.write(`${title} …\n`);
    const ticker = this.stream.isTTY ? setInterval(() => this.stream.write(`\r${title} … ${seconds()} `), 250) : null;
    try {
      const result = await work();
      this.end(ticker, `${title}: done in ${seconds()}`);
      return result;
    } catch (error) {
      this.end(ticker, `${title}: failed after ${seconds()}`);
      throw error;
    }
  }

  private end(ticker: NodeJS.Timeout | null, line: string): void {
    if (ticker !== null) {
      clearInterval(ticker);
      this.stream.write('\r\x1b[K');
    }
    this.stream.write(`${line}\n`);
  }
}
