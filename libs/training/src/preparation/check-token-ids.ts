import { ClaasError } from '@claas/contracts';

/** @throws ClaasError `request_invalid` when an id is no row of the vocabulary */
export function checkTokenIds(field: string, tokenIds: readonly number[], vocabularySize: number): void {
  const index = tokenIds.findIndex((id) => !Number.isInteger(id) || id < 0 || id >= vocabularySize);
  if (index < 0) return;
  throw new ClaasError(
    'request_invalid',
    `${field}[${index}] is ${String(tokenIds[index])}, but the base model's token ids are 0 to ${vocabularySize - 1}. Use the tokenizer of the base model.`,
    { field, index, vocabulary_size: vocabularySize },
  );
}
