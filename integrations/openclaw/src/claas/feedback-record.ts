/** A feedback as GET /v1/feedback/{request_id} tells it; what this plugin reads of it. */
export interface FeedbackRecord {
  readonly request_id: string;
  readonly status: string;
  readonly finished: boolean;
  readonly lora_id: string;
  readonly version: number | null;
  readonly parent_version: number | null;
  readonly receipt: {
    /** Mean divergence from the teacher, nats per token of the answer. */
    readonly gap_before: number;
    readonly gap_after: number;
    readonly warnings: readonly string[];
  } | null;
  readonly timing_ms: { readonly total: number };
  readonly error: { readonly code: string; readonly phase: string; readonly detail: string } | null;
}

export interface AdapterVersions {
  readonly lora_id: string;
  readonly versions: readonly { readonly version: number; readonly is_head: boolean }[];
}
