/** Lets text through up to the first stop string, and holds back what may be the beginning of one. */
export class StopStringFilter {
  /** A stop string has come; nothing more goes through. */
  stopped = false;
  private held = '';
  private readonly stops: readonly string[];

  constructor(stops: readonly string[]) {
    this.stops = stops.filter((stop) => stop !== '');
  }

  /** The part of everything so far that is now known to be before any stop string, and that no earlier call returned. */
  push(text: string): string {
    if (this.stopped) return '';
    const all = this.held + text;
    const found = this.stops.map((stop) => all.indexOf(stop)).filter((index) => index >= 0);
    this.stopped = found.length > 0;
    const end = this.stopped ? Math.min(...found) : all.length - this.lengthOfBeginning(all);
    this.held = this.stopped ? '' : all.slice(end);
    return all.slice(0, end);
  }

  /** What was held back: the text has ended, so it isn't the beginning of anything. */
  flush(): string {
    const rest = this.held;
    this.held = '';
    return rest;
  }

  /** Length of the longest end of `text` that a stop string begins with. */
  private lengthOfBeginning(text: string): number {
    const longest = Math.max(0, ...this.stops.map((stop) => stop.length - 1));
    for (let length = Math.min(longest, text.length); length > 0; length--) {
      const end = text.slice(-length);
      if (this.stops.some((stop) => stop.startsWith(end))) return length;
    }
    return 0;
  }
}
