import protobuf from 'protobufjs';
import type { SampledTokens, ScoredPrompt, WeightedTargets } from './tinker-model.js';
import { TinkerHttpError } from './http-error.js';

/**
 * The service's protobuf messages, read and written by another library and from another description than the engine's,
 * so that a mistake in one of them shows.
 */
const { root } = protobuf.parse(
  `
  syntax = "proto3";
  message ForwardBackwardRequest { string model_id = 1; int32 seq_id = 2; repeated Datum data = 3; string loss_fn = 4;
    map<string, double> loss_fn_config = 5; bool forward_only = 6; }
  message Datum { repeated Chunk model_input = 1; map<string, Tensor> loss_fn_inputs = 2; }
  message Chunk { oneof chunk { Text encoded_text = 1; } }
  message Text { bytes tokens = 1; }
  message Tensor { oneof data { bytes dense = 1; Csr sparse_csr = 2; } int32 dtype = 3; repeated int64 shape = 4; }
  message Csr { bytes values = 1; bytes crow_indices = 2; bytes col_indices = 3; }
  message ForwardBackwardOutput { string loss_fn_output_type = 1; repeated Record loss_fn_outputs = 2;
    map<string, double> metrics = 3; }
  message Record { string type_tag = 1; map<string, Batched> fields = 2; int64 num_datums = 3; }
  message Batched { bytes data = 1; bytes offsets = 2; int32 dtype = 3; repeated int64 trailing_shape = 4; }
  message SampleResponse { repeated Sequence sequences = 1; bytes prompt_logprobs = 2; Topk topk_prompt_logprobs = 3;
    int64 prompt_cache_hit_tokens = 4; }
  message Sequence { int32 stop_reason = 1; bytes tokens = 2; bytes logprobs = 3; }
  message Topk { bytes token_ids = 1; bytes logprobs = 2; int64 k = 3; int64 prompt_length = 4; }
`,
  { keepCase: true },
);

const FLOAT32 = 1;
const INT64 = 2;
const STOP_REASONS = { stop: 0, length: 1 } as const;

interface WireTensor {
  readonly dense?: Uint8Array;
  readonly sparse_csr?: {
    readonly values: Uint8Array;
    readonly crow_indices: Uint8Array;
    readonly col_indices: Uint8Array;
  };
  readonly dtype: number;
  readonly shape: readonly number[];
}

interface WireDatum {
  readonly model_input: readonly { readonly encoded_text?: { readonly tokens: Uint8Array } }[];
  readonly loss_fn_inputs: Readonly<Record<string, WireTensor>>;
}

export interface ForwardBackwardCall {
  readonly modelId: string;
  readonly seqId: number;
  readonly lossFn: string;
  readonly forwardOnly: boolean;
  readonly data: readonly WeightedTargets[];
  /** Shape of each datum's results: [N] or [N, K]. */
  readonly shapes: readonly (readonly number[])[];
}

/** @throws TinkerHttpError 400 for what the service refuses */
export function readForwardBackward(body: Uint8Array): ForwardBackwardCall {
  const type = root.lookupType('ForwardBackwardRequest');
  let message: Record<string, unknown>;
  try {
    message = type.toObject(type.decode(body), { longs: Number, arrays: true, objects: true, defaults: true });
  } catch (error) {
    throw new TinkerHttpError(400, `not a ForwardBackwardRequest: ${String(error)}`);
  }
  const data = message['data'] as readonly WireDatum[];
  if (data.length === 0) throw new TinkerHttpError(400, 'data is empty');
  return {
    modelId: message['model_id'] as string,
    seqId: message['seq_id'] as number,
    lossFn: message['loss_fn'] as string,
    forwardOnly: message['forward_only'] as boolean,
    data: data.map(readDatum),
    shapes: data.map(({ loss_fn_inputs }) => loss_fn_inputs['target_tokens']?.shape ?? []),
  };
}

function readDatum({ model_input, loss_fn_inputs }: WireDatum): WeightedTargets {
  const pieces = model_input.map(({ encoded_text }) => int32(encoded_text?.tokens ?? new Uint8Array()));
  const tokenIds = Int32Array.from(pieces.flatMap((piece) => [...piece]));
  const { target_tokens: targets, weights } = loss_fn_inputs;
  if (targets === undefined || weights === undefined) {
    throw new TinkerHttpError(400, 'cross_entropy needs target_tokens and weights');
  }
  if (targets.dtype !== INT64 || weights.dtype !== FLOAT32) {
    throw new TinkerHttpError(400, 'target_tokens must be int64, weights float32');
  }
  const [N, K = 1] = targets.shape;
  if (N !== tokenIds.length || weights.shape.join() !== targets.shape.join()) {
    throw new TinkerHttpError(
      400,
      `shapes [${targets.shape.join()}] and [${weights.shape.join()}] are not of ${tokenIds.length} tokens`,
    );
  }
  return {
    tokenIds,
    K,
    targets: Int32Array.from(densified(targets, N * K, K, int64)),
    weights: Float32Array.from(densified(weights, N * K, K, float32)),
  };
}

function densified(
  { dense, sparse_csr: sparse }: WireTensor,
  count: number,
  K: number,
  read: (bytes: Uint8Array) => ArrayLike<number>,
): ArrayLike<number> {
  if (sparse === undefined || dense !== undefined) {
    const values = read(dense ?? new Uint8Array());
    if (values.length !== count) throw new TinkerHttpError(400, `a tensor has ${values.length} of ${count} values`);
    return values;
  }
  const all = new Float64Array(count);
  const [values, rows, columns] = [read(sparse.values), int64(sparse.crow_indices), int64(sparse.col_indices)];
  for (let row = 0; row + 1 < rows.length; row++) {
    for (let i = rows[row]!; i < rows[row + 1]!; i++) all[row * K + columns[i]!] = values[i]!;
  }
  return all;
}

/** Every datum's log-probs; metrics beside them. */
export function writeForwardBackward(
  logprobs: readonly Float32Array[],
  shapes: readonly (readonly number[])[],
  lossSum: number,
): Uint8Array {
  const offsets = [0];
  for (const values of logprobs) offsets.push(offsets.at(-1)! + values.byteLength);
  const type = root.lookupType('ForwardBackwardOutput');
  const field = {
    data: joined(logprobs.map(bytesOf)),
    offsets: bytesOf(BigInt64Array.from(offsets, BigInt)),
    dtype: FLOAT32,
    trailing_shape: shapes[0]?.slice(1) ?? [],
  };
  return type
    .encode(
      type.fromObject({
        loss_fn_output_type: 'TorchLossReturn',
        loss_fn_outputs: [{ type_tag: 'array_record', fields: { logprobs: field }, num_datums: logprobs.length }],
        metrics: { 'loss:sum': lossSum },
      }),
    )
    .finish();
}

export function writeSample(
  sequences: readonly SampledTokens[],
  scored: (ScoredPrompt & { readonly k: number; readonly wantsLogprobs: boolean }) | null,
): Uint8Array {
  const type = root.lookupType('SampleResponse');
  return type
    .encode(
      type.fromObject({
        sequences: sequences.map(({ tokenIds, logprobs, stopReason }) => ({
          stop_reason: STOP_REASONS[stopReason],
          tokens: bytesOf(Int32Array.from(tokenIds)),
          logprobs: bytesOf(Float32Array.from(logprobs)),
        })),
        ...(scored?.wantsLogprobs === true && { prompt_logprobs: bytesOf(scored.logprobs) }),
        ...(scored !== null &&
          scored.k > 0 && {
            topk_prompt_logprobs: {
              token_ids: bytesOf(scored.topIds),
              logprobs: bytesOf(scored.topLogprobs),
              k: scored.k,
              prompt_length: scored.logprobs.length,
            },
          }),
      }),
    )
    .finish();
}

function aligned(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}

const int32 = (bytes: Uint8Array): Int32Array => new Int32Array(aligned(bytes));
const float32 = (bytes: Uint8Array): Float32Array => new Float32Array(aligned(bytes));
const int64 = (bytes: Uint8Array): number[] => [...new BigInt64Array(aligned(bytes))].map(Number);
const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);
const joined = (parts: readonly Uint8Array[]): Uint8Array => Buffer.concat(parts);
