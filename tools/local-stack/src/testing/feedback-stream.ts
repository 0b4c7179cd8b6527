import { setTimeout as wait } from 'node:timers/promises';
import { until } from './make-settings.js';
import type { Reply, StackPrograms } from './stack-programs.js';

const PAUSE_MS = 600;
const PAUSE_AFTER_FAILURE_MS = 100;
const FINISH_LIMIT_MS = 300_000;

/** A feedback's record, of `GET /v1/feedback/{request_id}`. */
export interface FeedbackRecord {
  readonly request_id: string;
  readonly status: string;
  readonly finished: boolean;
  readonly version: number | null;
  readonly parent_version: number | null;
  readonly error: { readonly code: string } | null;
}

/** Somebody who gives one feedback after the other, each until it is accepted. */
export class FeedbackStream {
  /** Request ids by idempotency key. */
  private readonly accepted = new Map<string, string>();
  private readonly enough = new AbortController();
  private readonly sending: Promise<void>;

  /** @param least so many are sent before it ends */
  constructor(
    private readonly programs: StackPrograms,
    private readonly least: number,
  ) {
    this.sending = this.sendAll();
  }

  /** @returns the records of all that was accepted, when nothing remains to be done for them */
  async finish(): Promise<readonly FeedbackRecord[]> {
    this.enough.abort();
    await this.sending;
    const records: FeedbackRecord[] = [];
    for (const id of this.accepted.values()) records.push(await this.finished(id));
    return records;
  }

  /** Sends what was reported as not learned again, as new feedback. */
  async again(count: number): Promise<readonly FeedbackRecord[]> {
    const keys = Array.from({ length: count }, (_, index) => `again-${index}`);
    return Promise.all(
      keys.map(async (key) => {
        const { body } = await this.send(key);
        return this.finished(body.request_id as string);
      }),
    );
  }

  private isSending(): boolean {
    // A test that has failed takes the programs away.
    return !this.programs.hasEnded && (!this.enough.signal.aborted || this.accepted.size < this.least);
  }

  private async sendAll(): Promise<void> {
    for (let number = 1; this.isSending(); number += 1) {
      const key = `feedback-${number}`;
      while (this.isSending() && !this.accepted.has(key)) {
        const reply = await this.send(key).catch(() => null);
        if (reply?.status === 202 || reply?.status === 200) this.accepted.set(key, reply.body.request_id as string);
        else await wait(PAUSE_AFTER_FAILURE_MS);
      }
      await wait(PAUSE_MS);
    }
  }

  private send(key: string): Promise<Reply> {
    const body = {
      lora_id: 'me/first',
      prompt: `Is it ${key}?`,
      response: 'The sky is blue!',
      feedback: 'No exclamation marks.',
      training: { steps: 2 },
    };
    return this.programs.ask('POST', '/v1/feedback', body, { prefer: 'respond-async', 'idempotency-key': key });
  }

  private async finished(id: string): Promise<FeedbackRecord> {
    let found: FeedbackRecord | null = null;
    await until(async () => {
      found = (await this.programs.ask('GET', `/v1/feedback/${id}`)).body as FeedbackRecord;
      return found.finished;
    }, FINISH_LIMIT_MS);
    return found!;
  }
}
