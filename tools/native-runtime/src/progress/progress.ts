/** Shows a person what is going on; all on stderr. */
export interface Progress {
  /** A stage begins, the one before has ended. */
  stage(title: string): void;
  /** How far the stage is, in bytes; `total` null while it is unknown. */
  advance(done: number, total: number | null): void;
  /** Nothing goes on any more: whatever is drawn is removed. */
  end(): void;
}
