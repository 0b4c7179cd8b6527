/** The parts of the service's answers that the client reads; with `--json` answers are passed on whole. */

export interface AdapterDetail {
  readonly lora_id: string;
  readonly aliases: readonly string[];
  readonly version: number;
  readonly base_model: string;
  readonly lora_r: number;
  readonly updated_at: string;
  readonly last_receipt: Receipt | null;
}

export interface AdapterList {
  readonly loras: readonly string[];
  readonly details: readonly AdapterDetail[];
}

export interface AdapterVersion {
  readonly version: number;
  readonly parent: number | null;
  readonly is_head: boolean;
  readonly origin: string;
  readonly feedback_id: string | null;
  readonly metrics: { readonly distill_loss: number; readonly steps: number } | null;
  readonly size_bytes: number;
  readonly created_at: string;
}

export interface AdapterVersions {
  readonly lora_id: string;
  /** Newest first. */
  readonly versions: readonly AdapterVersion[];
}

export interface RolledBack {
  readonly lora_id: string;
  readonly version: number;
  readonly previous_version: number;
}

export interface Receipt {
  /** Nats per token. */
  readonly gap_before: number;
  readonly gap_after: number;
  /** Sums over the answer, in nats. */
  readonly response_logprob_before: number;
  readonly response_logprob_after: number;
  readonly tokens: readonly { readonly text: string; readonly signal: number }[];
  readonly adapter_change: number;
  /** Null where the frozen weights are out of reach. */
  readonly adapter_change_relative: number | null;
  /** What a rented GPU was needed for. */
  readonly compute?: { readonly gpu: string; readonly seconds: number } | null;
  readonly warnings: readonly string[];
  readonly verified: { readonly max_difference: number; readonly tolerance: number } | null;
}

export type FeedbackState = 'queued' | 'training' | 'committed' | 'published' | 'verified' | 'failed' | 'rolled_back';

/** A feedback as it stands. */
export interface FeedbackRecord {
  readonly request_id: string;
  readonly status: FeedbackState;
  readonly finished: boolean;
  readonly lora_id: string;
  readonly version: number | null;
  readonly parent_version: number | null;
  readonly receipt: Receipt | null;
  readonly timing_ms: { readonly total: number };
  readonly error: { readonly code: string; readonly phase: string; readonly detail: string } | null;
  readonly request: { readonly feedback: string };
  readonly created_at: string;
}

export interface FeedbackPage {
  readonly feedbacks: readonly FeedbackRecord[];
  readonly next_cursor: string | null;
}

export type FeedbackEvent =
  | { readonly kind: 'state'; readonly record: FeedbackRecord }
  | { readonly kind: 'progress'; readonly phase: string; readonly fraction: number };

/** The body of POST /v1/feedback. */
export interface FeedbackRequest {
  readonly lora_id: string;
  readonly feedback: string;
  readonly completion_id?: string;
  readonly prompt?: string;
  readonly messages?: unknown;
  readonly response?: string;
  readonly rollout_logprobs?: unknown;
  readonly training?: Readonly<Record<string, number | string>>;
}

export interface Message {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

/** How answers are drawn; what is missing has the service's default. */
export interface Sampling {
  readonly temperature?: number;
  readonly top_p?: number;
  readonly max_completion_tokens?: number;
  readonly seed?: number;
}

export interface ChatRequest extends Sampling {
  readonly model: string;
  readonly messages: readonly Message[];
}

export interface Usage {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
}

export interface ChatChunk {
  readonly id: string;
  readonly choices: readonly {
    readonly delta: { readonly content?: string | null };
    readonly finish_reason: string | null;
  }[];
  /** On the last chunk. */
  readonly usage?: Usage | null;
  readonly claas?: { readonly lora_id: string | null; readonly version: number | null };
}

export interface PartHealth {
  readonly status: 'healthy' | 'unhealthy';
  readonly latency_ms: number;
  readonly error: string | null;
  readonly details: Readonly<Record<string, unknown>>;
}

export interface Health {
  readonly status: 'healthy' | 'degraded' | 'unhealthy';
  readonly engine: PartHealth;
  readonly storage: PartHealth;
  readonly serving: PartHealth;
  readonly database: PartHealth;
}

export interface Score {
  readonly tokens: readonly string[];
  readonly logprobs: readonly number[];
  readonly logprob_sum: number;
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
}
