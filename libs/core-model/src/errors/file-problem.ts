/** What is wrong with one file, and where in it. */
export interface FileProblem {
  /** Path of the file. */
  readonly file: string;
  /** Name of the tensor, where one is at fault. */
  readonly tensor?: string;
  /** Name of the JSON field, where one is at fault. */
  readonly field?: string;
  /** What the file should hold; a phrase. */
  readonly expected: string;
  /** What it holds; a phrase. */
  readonly found: string;
}

/** Makes the error of whoever reads the file: a model's or an adapter's. */
export type FileProblemReporter = (problem: FileProblem, options?: ErrorOptions) => FileProblemError;

/** A file that can't be used, with the problem as data. */
export abstract class FileProblemError extends Error {
  abstract readonly code: string;
  readonly file: string;
  readonly tensor: string | null;
  readonly field: string | null;
  readonly expected: string;
  readonly found: string;

  constructor(problem: FileProblem, advice: string, options?: ErrorOptions) {
    const place = problem.tensor ?? problem.field;
    const subject = place === undefined ? problem.file : `${problem.file}: ${place}`;
    super(`${subject}: expected ${problem.expected}, found ${problem.found}. ${advice}`, options);
    this.name = new.target.name;
    this.file = problem.file;
    this.tensor = problem.tensor ?? null;
    this.field = problem.field ?? null;
    this.expected = problem.expected;
    this.found = problem.found;
  }
}
