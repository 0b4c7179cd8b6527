import type { Dispatcher } from 'undici';
import { readAnswer } from './answer-text.js';
import type { AnswerView } from './answer-text.js';
import { EventStreamEditor } from './event-stream-editor.js';
import { AnswerRecord } from './relayed-answer.js';
import type { RelayedAnswer } from './relayed-answer.js';

/** Where an answer goes: a response of Node's HTTP server is one. */
export interface RelayTarget {
  writeHead(status: number, headers: Readonly<Record<string, string | number>>): unknown;
  /** False: nothing more before `drain`. */
  write(bytes: Buffer): boolean;
  end(bytes?: Buffer): unknown;
  once(event: 'drain', listener: () => void): unknown;
  readonly headersSent: boolean;
}

/** An answer of the server that is not passed on as it is. */
export interface Refusal {
  readonly status: number;
  readonly contentType: string;
  readonly body: Buffer;
}

export interface ExchangeOptions {
  readonly view: AnswerView;
  /** Of every answer that is passed on. */
  readonly headers: Readonly<Record<string, string>>;
  /** Told before the client can know that the answer has ended. */
  readonly onAnswer: (answer: RelayedAnswer) => void;
  /** Resolves when the answer has gone out (null) or is a refusal; rejects when it broke off. */
  readonly settle: (error: Error | null, refusal: Refusal | null) => void;
  readonly signal: AbortSignal;
}

const DONE = Buffer.from('data: [DONE]');

/** One request to the server and the way of its answer to the client: undici's handler, without anything between. */
export class RelayExchange implements Dispatcher.DispatchHandler {
  private readonly record = new AnswerRecord();
  private readonly editor: EventStreamEditor;
  private controller: Dispatcher.DispatchController | null = null;
  private readonly abort: () => void;
  private status = 0;
  private contentType = 'application/json';
  private isStream = false;
  private hasTold = false;
  private readonly whole: Buffer[] = [];

  constructor(
    private readonly target: RelayTarget,
    private readonly options: ExchangeOptions,
  ) {
    this.editor = new EventStreamEditor((text) => this.read(text));
    this.abort = () => this.controller?.abort(new DOMException('The client went away.', 'AbortError'));
    options.signal.addEventListener('abort', this.abort, { once: true });
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    if (this.options.signal.aborted) this.abort();
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: IncomingHeaders): void {
    this.status = status;
    this.contentType = String(headers['content-type'] ?? this.contentType);
    this.isStream = status === 200 && this.contentType.startsWith('text/event-stream');
    if (!this.isStream) return;
    const { headers: own } = this.options;
    this.target.writeHead(status, { ...own, 'content-type': this.contentType, 'x-accel-buffering': 'no' });
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.isStream) {
      this.whole.push(chunk);
      return;
    }
    const bytes = this.editor.push(chunk);
    if (bytes.length === 0) return;
    if (bytes.includes(DONE)) this.tell();
    if (this.target.write(bytes)) return;
    controller.pause();
    this.target.once('drain', () => {
      controller.resume();
    });
  }

  onResponseEnd(): void {
    this.options.signal.removeEventListener('abort', this.abort);
    if (this.isStream) {
      const rest = this.editor.end();
      this.tell();
      if (rest.length > 0) this.target.end(rest);
      else this.target.end();
      this.options.settle(null, null);
      return;
    }
    const body = this.whole.length === 1 ? this.whole[0]! : Buffer.concat(this.whole);
    if (this.status !== 200) {
      this.options.settle(null, { status: this.status, contentType: this.contentType, body });
      return;
    }
    const edited = Buffer.from(this.read(body.toString('latin1')) ?? '', 'latin1');
    this.tell();
    const length = { 'content-type': this.contentType, 'content-length': edited.length };
    this.target.writeHead(200, { ...this.options.headers, ...length });
    this.target.end(edited);
    this.options.settle(null, null);
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.options.signal.removeEventListener('abort', this.abort);
    this.options.settle(error, null);
  }

  /** Text that can't be read is passed on as it came. */
  private read(text: string): string | null {
    try {
      const answer = readAnswer(text, this.options.view);
      this.record.add(answer);
      return answer.text;
    } catch (error) {
      if (error instanceof SyntaxError) return text;
      throw error;
    }
  }

  private tell(): void {
    if (this.hasTold) return;
    this.hasTold = true;
    const answer = this.record.whole();
    if (answer !== null && answer.choices.length > 0) this.options.onAnswer(answer);
  }
}

type IncomingHeaders = Readonly<Record<string, string | string[] | undefined>>;
