import { ClaasError } from '@claas/contracts';

/** No answer came: refused, broken, or too late. */
export class TinkerUnreachableError extends ClaasError {
  constructor(
    readonly call: string,
    readonly isTimeout: boolean,
    cause: unknown,
  ) {
    super(
      isTimeout ? 'trainer_unresponsive' : 'engine_unavailable',
      isTimeout
        ? `The Tinker service did not answer in time (${call}). Send the request again later.`
        : `The Tinker service can't be reached (${call}). Check CLAAS_TINKER_BASE_URL and the network.`,
      { call, reason: isTimeout ? 'timeout' : 'unreachable' },
      { cause },
    );
  }
}

/** The service answered with an error status. */
export class TinkerRefusalError extends ClaasError {
  constructor(
    readonly call: string,
    readonly status: number,
    /** The service's own words. */
    readonly reply: string,
    readonly retryAfterMs: number | null,
  ) {
    super('engine_unavailable', sentence(call, status, reply), { call, status });
  }
}

/** The service accepted a request and failed it. */
export class TinkerRequestError extends ClaasError {
  constructor(call: string, category: string, reply: string) {
    super(
      category === 'user' ? 'trainer_protocol' : 'trainer_crashed',
      `The Tinker service failed ${call} (${category}): ${reply.slice(0, 300)} Nothing was saved.`,
      { call, category },
    );
  }
}

/** The service no longer knows what the work hung on: it was started again, or ended the session. */
export class TinkerLostError extends ClaasError {
  constructor(readonly call: string) {
    super(
      'trainer_crashed',
      `The Tinker service lost the session or the model in the middle of the work (${call}). Nothing was saved; send the request again.`,
      { call },
    );
  }
}

function sentence(call: string, status: number, reply: string): string {
  switch (status) {
    case 401:
    case 403:
      return `The Tinker service refuses the API key (HTTP ${status}). Set CLAAS_TINKER_API_KEY to a key of the service at CLAAS_TINKER_BASE_URL.`;
    case 402:
      return 'The Tinker service has paused this account for billing (HTTP 402). Settle it with the service; the request can be sent again then.';
    case 429:
      return 'The Tinker service has no capacity left for this account (HTTP 429). Send the request again later.';
    case 404:
      return `The Tinker service knows no ${call} (HTTP 404): ${reply.slice(0, 300)} Check that CLAAS_TINKER_BASE_URL is what stands before /api/v1.`;
    default:
      return `The Tinker service refused ${call} (HTTP ${status}): ${reply.slice(0, 300)}`;
  }
}
