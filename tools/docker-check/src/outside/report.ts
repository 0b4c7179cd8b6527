/** What a check has seen, a line each. */
export class Report {
  private failures = 0;
  private checks = 0;

  check(claim: string, problem: string | null): void {
    this.checks += 1;
    if (problem !== null) this.failures += 1;
    console.log(`${problem === null ? 'ok  ' : 'FAIL'} ${claim}`);
    if (problem !== null) console.log(problem.trimEnd().replaceAll(/^/gm, '       '));
  }

  /** Something that can't be checked on this machine, and why. */
  leaveOut(claim: string, reason: string): void {
    console.log(`--   ${claim}: not checked, ${reason}`);
  }

  /** @returns whether everything held, and something was checked */
  finish(): boolean {
    console.log(`\n${this.checks - this.failures} of ${this.checks} checks hold.`);
    return this.failures === 0 && this.checks > 0;
  }
}
