import { ClaasError } from '@claas/contracts';

/** Why no answer came. `refused`: no connection, so nothing was done; `lost`: it ended midway, so it may have been. */
export type UnreachableReason = 'refused' | 'lost' | 'timeout';

/** The server did not answer. */
export class VllmUnreachableError extends ClaasError {
  constructor(
    readonly call: string,
    readonly reason: UnreachableReason,
    cause: unknown,
  ) {
    const what = { refused: 'can’t be reached', lost: 'broke the connection', timeout: 'did not answer in time' }[
      reason
    ];
    super(
      'serving_failed',
      `The vLLM server ${what} (${call}). Check that it runs and that VLLM_BASE_URL points at it.`,
      { call, reason },
      { cause },
    );
  }
}

/** The server answered with an error. */
export class VllmRefusalError extends ClaasError {
  constructor(
    readonly call: string,
    readonly status: number,
    /** The server's own words. */
    readonly reply: string,
  ) {
    super('serving_failed', `The vLLM server refused ${call} (HTTP ${status}): ${reply}${advice(call, status)}`, {
      call,
      status,
    });
  }
}

function advice(call: string, status: number): string {
  if (status === 401) return ' Set VLLM_API_KEY to the key that the server was started with.';
  if (status === 404 && call.includes('lora_adapter')) {
    return ' Start the server with --enable-lora and VLLM_ALLOW_RUNTIME_LORA_UPDATING=1, and let it see the adapters’ directory.';
  }
  if (status === 404 && /sleep|wake_up|collective_rpc/.test(call)) {
    return ' Start the server with VLLM_SERVER_DEV_MODE=1 and --enable-sleep-mode.';
  }
  return '';
}

/** The message in an error body of any vLLM release: `{error:{message}}`, `{error:"…"}`, `{message}`, `{detail}`, or plain text. */
export function errorMessage(body: string): string {
  try {
    const parsed = JSON.parse(body) as Record<string, unknown> | null;
    const { error, message, detail } = parsed ?? {};
    const nested = typeof error === 'object' && error !== null && 'message' in error ? error.message : error;
    const found = [nested, message, detail].find((text) => typeof text === 'string' && text !== '');
    if (typeof found === 'string') return found.slice(0, 1000);
  } catch {
    // Plain text.
  }
  return body.trim().slice(0, 1000) || 'no reason given.';
}
