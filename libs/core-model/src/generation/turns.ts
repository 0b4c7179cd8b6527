/** Lets one piece of work run at a time, in the order in which they came. */
export class Turns {
  private last: Promise<unknown> = Promise.resolve();

  run<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.last.then(work);
    // Whoever asked hears of an error; the next in line doesn't.
    this.last = turn.catch(() => undefined);
    return turn;
  }
}
