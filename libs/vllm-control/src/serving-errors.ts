import { ClaasError } from '@claas/contracts';
import type { ServedVersion } from '@claas/contracts';

export function notIdle(running: number, timeoutMs: number): ClaasError {
  const what = running === 1 ? '1 request was' : `${running} requests were`;
  return new ClaasError(
    'serving_not_idle',
    `${what} still being answered after ${timeoutMs / 1000} s. Send the feedback again later, or raise FEEDBACK_DRAIN_TIMEOUT_S.`,
    { running },
  );
}

export function anotherVersion({ loraId, version }: ServedVersion, served: number): ClaasError {
  return new ClaasError(
    'verification_failed',
    `LoRA ${loraId} is served with version ${served}, not with version ${version}. Publish that version first.`,
    { lora_id: loraId, served, expected: version },
  );
}
