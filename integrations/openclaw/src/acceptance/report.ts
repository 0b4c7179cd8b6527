/** What an acceptance run has seen, a line for each claim, and whether all of them held. */
export class Report {
  private failures = 0;
  private checks = 0;

  readonly say = (line: string): void => {
    console.log(line);
  };

  check(claim: string, holds: boolean, seen: unknown): void {
    this.checks += 1;
    if (!holds) this.failures += 1;
    console.log(`${holds ? 'ok  ' : 'FAIL'} ${claim}${holds ? '' : `\n       seen: ${JSON.stringify(seen)}`}`);
  }

  /** @returns whether everything held */
  finish(): boolean {
    console.log(`\n${this.checks - this.failures} of ${this.checks} checks hold.`);
    return this.failures === 0 && this.checks > 0;
  }
}
