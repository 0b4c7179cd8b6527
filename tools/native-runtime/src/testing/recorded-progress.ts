import type { Progress } from '../progress/progress.js';

/** Keeps the stages and the last amount. */
export class RecordedProgress implements Progress {
  readonly stages: string[] = [];
  last: { readonly done: number; readonly total: number | null } | null = null;

  stage(title: string): void {
    this.stages.push(title);
  }

  advance(done: number, total: number | null): void {
    this.last = { done, total };
  }

  end(): void {
    this.last = null;
  }
}
