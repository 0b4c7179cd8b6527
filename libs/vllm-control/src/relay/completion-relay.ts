import type { ServedModel } from '@claas/contracts';
import { Pool } from 'undici';
import { isForgotten, retryUnanswered } from '../answering/retry-unanswered.js';
import { errorMessage, VllmRefusalError } from '../http/vllm-errors.js';
import { unansweredError } from '../http/vllm-http.js';
import type { ServedRequest } from '../served-request.js';
import type { VllmServing } from '../vllm-serving.js';
import { RelayExchange } from './relay-exchange.js';
import type { Refusal, RelayTarget } from './relay-exchange.js';
import { bodyForServer, showsLogprobs, showsTokenIds } from './relay-request.js';
import type { RelayBody, RelayPath } from './relay-request.js';
import type { RelayedAnswer } from './relayed-answer.js';

export interface RelayRequest {
  readonly path: RelayPath;
  readonly body: RelayBody;
  /** As the client named it: what its answer says. */
  readonly model: string;
  readonly served: ServedModel;
  /** Aborts with the client. */
  readonly signal: AbortSignal;
  /** Told of the answer and of the version that gave it (null: the base model), before the client can know that it ended. */
  readonly onAnswer: (answer: RelayedAnswer, version: number | null) => void;
}

export interface RelaySettings {
  /** Until the first byte of an answer, and between two. */
  readonly answerMs: number;
  /** How long a request waits for a server that went away to come back. */
  readonly unreachableMs: number;
  /** Sent where a request has none, so that it is known; null leaves it to the server. */
  readonly defaultTemperature: number | null;
}

/** Statuses that are about this service and not about what its client asked. */
const NOT_THE_CLIENTS = [401, 403, 404];

/** Passes completions on to a vLLM server and their answers back, byte for byte but for what was asked for behind the client's back. */
export class CompletionRelay {
  private readonly pool: Pool;
  private readonly prefix: string;
  private readonly headers: Readonly<Record<string, string>>;

  constructor(
    private readonly serving: VllmServing,
    private readonly settings: RelaySettings,
  ) {
    const { http } = serving;
    this.prefix = http.prefix;
    this.headers = { ...http.headers, 'content-type': 'application/json' };
    // As many connections as there are requests: the server has a queue of its own.
    this.pool = new Pool(http.origin, { connections: null, connectTimeout: 5_000, pipelining: 1 });
  }

  /**
   * Answers to `target`. An error that is thrown has not touched it, unless its headers were sent.
   * @throws ClaasError `model_not_found`, `service_overloaded`, `serving_failed`, `cancelled`
   */
  async send(request: RelayRequest, target: RelayTarget): Promise<void> {
    const once = async (): Promise<void> => {
      const served = await this.serving.begin(request.served, request.signal);
      try {
        const refusal = await this.exchange(request, served, target);
        if (refusal !== null) refuse(refusal, request, served, target);
      } catch (error) {
        if (isForgotten(error, served.modelName)) await served.recover();
        throw error;
      } finally {
        served.end();
      }
    };
    await retryUnanswered(once, () => !target.headersSent, this.settings.unreachableMs, request.signal);
  }

  get defaultTemperature(): number | null {
    return this.settings.defaultTemperature;
  }

  /** @throws ClaasError `serving_failed` */
  baseModelName(): Promise<string> {
    return this.serving.baseModelName();
  }

  async close(): Promise<void> {
    await this.pool.destroy();
  }

  private exchange(request: RelayRequest, served: ServedRequest, target: RelayTarget): Promise<Refusal | null> {
    const { path, body, model, signal, onAnswer } = request;
    const view = {
      model: Buffer.from(JSON.stringify(model)).toString('latin1'),
      showsTokenIds: showsTokenIds(body),
      showsLogprobs: showsLogprobs(path, body),
    };
    const { answerMs, defaultTemperature } = this.settings;
    return new Promise((resolve, reject) => {
      const settle = (error: Error | null, refusal: Refusal | null): void => {
        if (error === null) resolve(refusal);
        else reject(unansweredError({ method: 'POST', path, signal }, error));
      };
      const tell = (answer: RelayedAnswer): void => {
        onAnswer(answer, served.version);
      };
      this.pool.dispatch(
        {
          method: 'POST',
          path: this.prefix + path,
          headers: this.headers,
          body: bodyForServer(path, body, served.modelName, defaultTemperature),
          headersTimeout: answerMs,
          bodyTimeout: answerMs,
        },
        new RelayExchange(target, { view, headers: headersOf(request, served), onAnswer: tell, settle, signal }),
      );
    });
  }
}

/** Who answered, for whoever wants to know: the body is the server's own. */
function headersOf({ served }: RelayRequest, { version }: ServedRequest): Readonly<Record<string, string>> {
  if (served.kind === 'base' || version === null) return {};
  return { 'x-claas-lora-id': served.loraId, 'x-claas-version': String(version) };
}

/** What the client can do something about is passed on in the server's words; the rest is an error of this service. */
function refuse(
  { status, contentType, body }: Refusal,
  { path, model }: RelayRequest,
  { modelName }: ServedRequest,
  target: RelayTarget,
): void {
  const text = body.toString();
  if (status >= 500 || status < 400 || NOT_THE_CLIENTS.includes(status)) {
    throw new VllmRefusalError(`POST ${path}`, status, errorMessage(text));
  }
  const shown = Buffer.from(text.replaceAll(modelName, model));
  target.writeHead(status, { 'content-type': contentType, 'content-length': shown.length });
  target.end(shown);
}
