import { ClaasError } from '@claas/contracts';

/** What is read from a service's bytes, which may be anything. @throws ClaasError `trainer_protocol` instead of what a parser throws */
export function understood<T>(call: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof ClaasError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new ClaasError(
      'trainer_protocol',
      `The Tinker service's answer to ${call} can't be read: ${reason}`,
      { call },
      { cause: error },
    );
  }
}
