import type { TeacherTask, VocabularyProbe } from '@claas/contracts';
import type { PreparedDistillation, RolloutModel } from './prepare-rollout.js';

/** Words, digits, marks, scripts and bytes that tokenizers of different families read differently. */
const PROBES = ['Hello, world! It’s 12345.67 €', 'def f(x):\n    return x ** 2  # 平方 😀', 'ÄÖÜ naïve Привет'];

/** What a remote teacher is asked of a prepared rollout. */
export function teacherTask(
  { tokenizer }: Pick<RolloutModel, 'tokenizer'>,
  prepared: PreparedDistillation,
): TeacherTask {
  const { teacherTokenIds, responseTokenIds, vocabularySize } = prepared;
  const probes = PROBES.map((text): VocabularyProbe => ({
    text,
    tokenIds: tokenizer.encode(text, { specialTokens: 'plain' }),
  }));
  return { promptTokenIds: teacherTokenIds, responseTokenIds, vocabularySize, probes };
}
