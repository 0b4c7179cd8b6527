/** What a teacher of another kind thinks of one response position: log-probs at temperature 1, in nats. */
export interface TeacherPosition {
  /** Of the response's own token. */
  readonly logprob: number;
  /** The teacher's likeliest tokens, likeliest first. */
  readonly tokenIds: readonly number[];
  readonly logprobs: readonly number[];
}

/** How the student's tokenizer reads a text, for the check that both models mean the same by an id. */
export interface VocabularyProbe {
  readonly text: string;
  readonly tokenIds: readonly number[];
}

/** What a remote teacher is asked: the response after the teacher's context, which has the feedback in it. */
export interface TeacherTask {
  readonly promptTokenIds: readonly number[];
  readonly responseTokenIds: readonly number[];
  /** Of the student; ids beyond it show that the vocabularies differ. */
  readonly vocabularySize: number;
  readonly probes: readonly VocabularyProbe[];
}

/** Another model that teaches (`teacher_mode: "remote"`). It must have the student's vocabulary: log-probs are compared by token id. */
export abstract class Teacher {
  /** @throws ClaasError `teacher_failed` unless it can be asked, and reads every probe as the student does */
  abstract check(task: Pick<TeacherTask, 'probes'>, signal?: AbortSignal): Promise<void>;

  /** One position for each response token, with `topK` tokens each. @throws ClaasError `teacher_failed`, `cancelled` */
  abstract score(task: TeacherTask, topK: number, signal?: AbortSignal): Promise<readonly TeacherPosition[]>;
}
