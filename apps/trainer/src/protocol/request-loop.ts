import { ClaasError } from '@claas/contracts';
import type { TrainerEvent, TrainerMethod } from '@claas/contracts';
import { asClaasError } from '@claas/training';
import { log } from '../logging/log.js';
import type { MethodContext, MethodHandler, MethodTable } from '../methods/method-table.js';
import type { TrainerSession } from '../session/trainer-session.js';
import { parseRequest } from './parse-request.js';
import type { ParsedRequest } from './parse-request.js';

/** Turns lines into running requests and what becomes of them into events; a request ends with exactly one result or error. */
export class RequestLoop {
  private readonly running = new Map<number, AbortController>();

  constructor(
    private readonly session: TrainerSession,
    private readonly methods: MethodTable,
    private readonly writeLine: (line: string) => void,
    private readonly exit: (code: number) => void,
  ) {}

  /** Never throws: whatever is wrong with a line is answered, or logged when it doesn't say to whom. */
  accept(line: string): void {
    const parsed = parseRequest(line);
    if ('request' in parsed) {
      void this.handle(parsed.request);
      return;
    }
    log('warn', parsed.error.message, { id: parsed.id, line: line.slice(0, 200) });
    if (parsed.id !== null) this.write({ id: parsed.id, error: parsed.error.toWire() });
  }

  private async handle({ id, method, params }: ParsedRequest): Promise<void> {
    if (this.running.has(id)) {
      // Answering would end the other request of that id.
      log('warn', 'A request has the id of one that still runs; it was ignored.', { id, method });
      return;
    }
    const controller = new AbortController();
    this.running.set(id, controller);
    try {
      if (!this.isMethod(method)) throw new ClaasError('trainer_protocol', `The trainer has no method ${method}.`);
      // The table ties each method to its params; a line from the pipe can't carry that tie.
      const handler = this.methods[method] as MethodHandler<TrainerMethod>;
      const result = await handler(this.session, params as never, this.contextOf(id, controller));
      this.write({ id, result });
      if (method === 'shutdown') this.exit(0);
    } catch (error) {
      const cause = asClaasError(error);
      if (cause.code === 'internal') log('error', cause.message, { id, method, stack: stackOf(error) });
      this.write({ id, error: cause.toWire() });
    } finally {
      this.running.delete(id);
    }
  }

  private contextOf(id: number, controller: AbortController): MethodContext<TrainerMethod> {
    return {
      signal: controller.signal,
      onProgress: (progress) => {
        this.write({ id, progress });
      },
      cancel: (other) => {
        this.running.get(other)?.abort();
      },
      cancelAllOthers: () => {
        for (const [other, request] of this.running) if (other !== id) request.abort();
      },
    };
  }

  private isMethod(method: string): method is TrainerMethod {
    return Object.hasOwn(this.methods, method);
  }

  private write(event: TrainerEvent): void {
    this.writeLine(JSON.stringify(event));
  }
}

function stackOf(error: unknown): string | undefined {
  return error instanceof Error ? error.stack : undefined;
}
