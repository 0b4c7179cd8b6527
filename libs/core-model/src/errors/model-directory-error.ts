import { FileProblemError, type FileProblem } from './file-problem.js';

/** A base model's directory can't be used: a file, field or tensor is missing, damaged or of a kind that isn't supported. */
export class ModelDirectoryError extends FileProblemError {
  readonly code = 'base_model_invalid';

  constructor(problem: FileProblem, options?: ErrorOptions) {
    super(problem, 'Check the model directory, or download the model again.', options);
  }
}

export const modelDirectoryError = (problem: FileProblem, options?: ErrorOptions): ModelDirectoryError =>
  new ModelDirectoryError(problem, options);
