import { TinkerLostError, TinkerRefusalError, TinkerRequestError } from './tinker-errors.js';
import { isProtobuf, jsonOf, textOf, TinkerHttp } from './tinker-http.js';
import type { HttpCall, HttpReply } from './tinker-http.js';
import type { TinkerSettings } from './tinker-settings.js';
import { withPatience } from './with-patience.js';

/** A request that is accepted first and whose result is asked for afterwards. */
export interface Submission {
  /** As the service names the operation in `X-Tinker-Request-Type`. */
  readonly type: string;
  readonly call: Omit<HttpCall, 'method' | 'signal'>;
  readonly signal?: AbortSignal | undefined;
}

/** A submission that the service has accepted. */
export interface Accepted {
  readonly submission: Submission;
  readonly requestId: string;
}

const MAX_RESENDS = 5;

/** Calls of the service, with their patience: what comes back is an answer, and what is thrown is final. */
export class TinkerClient {
  readonly http: TinkerHttp;

  constructor(readonly settings: TinkerSettings) {
    this.http = new TinkerHttp(settings);
  }

  /** A call that answers at once. */
  call(call: HttpCall): Promise<HttpReply> {
    return withPatience(() => this.http.send(call), this.settings.timeouts, call.signal);
  }

  /** The same with a JSON body; what its answer has as `field`. */
  async post(name: string, json: object, field: string, signal?: AbortSignal): Promise<string> {
    return textOf(name, await this.call({ name, method: 'POST', path: `/${name}`, json, signal }), field);
  }

  /** @throws TinkerLostError when the service doesn't know the session or the model any more */
  async submit(submission: Submission): Promise<Accepted> {
    const { call, signal } = submission;
    try {
      const reply = await this.call({ ...call, method: 'POST', signal });
      return { submission, requestId: textOf(call.name, reply, 'request_id') };
    } catch (error) {
      throw isUnknown(error) ? new TinkerLostError(call.name) : error;
    }
  }

  /** Waits for the result, sending the request again where the promise of it has expired. */
  async result(accepted: Accepted): Promise<HttpReply> {
    const { submission } = accepted;
    const { name } = submission.call;
    let { requestId } = accepted;
    for (let iteration = 0, resends = 0; ; iteration++) {
      const reply = await this.call({
        name: 'retrieve_future',
        method: 'POST',
        path: '/retrieve_future',
        json: { request_id: requestId, allow_metadata_only: false },
        headers: { 'x-tinker-request-iteration': String(iteration), 'x-tinker-request-type': submission.type },
        expected: [408, 410],
        signal: submission.signal,
      });
      if (reply.status === 410) {
        if (++resends > MAX_RESENDS)
          throw new TinkerRequestError(name, 'server', 'its promise expired again and again.');
        ({ requestId } = await this.submit(submission));
      } else if (reply.status !== 408) {
        if (isProtobuf(reply)) return reply;
        const { type, error, category } = jsonOf<{ type?: string; error?: string; category?: string }>(name, reply);
        if (error !== undefined) throw new TinkerRequestError(name, category ?? 'unknown', error);
        if (type !== 'try_again') return reply;
      }
    }
  }

  async run(submission: Submission): Promise<HttpReply> {
    return this.result(await this.submit(submission));
  }

  close(): Promise<void> {
    return this.http.close();
  }
}

/** Sessions and models that a restart or a missed heartbeat has ended. */
export function isUnknown(error: unknown): boolean {
  return error instanceof TinkerRefusalError && (error.status === 404 || error.status === 410);
}
