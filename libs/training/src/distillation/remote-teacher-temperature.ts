import type { DistillationTask } from '@claas/contracts';
import type { PreparedDistillation } from '../preparation/index.js';

/**
 * A remote teacher is known at temperature 1 only, so all of the step is at temperature 1: log-probs of an answer that was
 * sampled at another one say nothing of it, and are left out.
 */
export function withRemoteTeacher(
  prepared: PreparedDistillation,
  { teacherScores }: Pick<DistillationTask, 'teacherScores'>,
): PreparedDistillation {
  if (teacherScores === undefined || prepared.temperature === 1) return prepared;
  const warning = `The answer was sampled at temperature ${prepared.temperature}, and a remote teacher is known at temperature 1: the step is taken at 1, without the answer’s rollout_logprobs.`;
  return { ...prepared, temperature: 1, rolloutLogprobs: null, warnings: [...prepared.warnings, warning] };
}
