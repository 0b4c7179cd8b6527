import { FileProblemError, type FileProblem } from './file-problem.js';

/** An adapter's files can't be used with this base model, or are damaged. */
export class AdapterFilesError extends FileProblemError {
  readonly code = 'adapter_incompatible';

  constructor(problem: FileProblem, options?: ErrorOptions) {
    super(problem, 'Use a plain LoRA adapter in the PEFT layout that was made for this base model.', options);
  }
}

export const adapterFilesError = (problem: FileProblem, options?: ErrorOptions): AdapterFilesError =>
  new AdapterFilesError(problem, options);
