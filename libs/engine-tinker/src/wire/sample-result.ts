import { fromBinary } from '@bufbuild/protobuf';
import { ClaasError } from '@claas/contracts';
import { floatsOf, int32Of } from './numbers.js';
import { understood } from './understood.js';
import { DType, SampleResponseSchema, StopReason } from './tinker_public_pb.js';

/** What a place in a row has where the service knows no token. */
const NO_TOKEN = -99_998;

export interface SampleResult {
  readonly tokenIds: readonly number[];
  readonly logprobs: readonly number[];
  readonly finishReason: 'stop' | 'length';
  /** Of each prompt token; NaN where there is none; empty when it wasn't asked for. */
  readonly promptLogprobs: Float32Array;
  /** Best first, for each prompt token; empty when it wasn't asked for. */
  readonly topTokens: readonly TopTokens[];
}

export interface TopTokens {
  readonly tokenIds: readonly number[];
  readonly logprobs: readonly number[];
}

/** @throws ClaasError `trainer_protocol` */
export function decodeSample(bytes: Uint8Array): SampleResult {
  return understood('asample', () => readSample(bytes));
}

function readSample(bytes: Uint8Array): SampleResult {
  const { sequences, promptLogprobs, topkPromptLogprobs } = fromBinary(SampleResponseSchema, bytes);
  const [sequence] = sequences;
  if (sequence === undefined) throw new ClaasError('trainer_protocol', 'The Tinker service sampled nothing.');
  return {
    tokenIds: [...int32Of(sequence.tokens)],
    logprobs: [...floatsOf(sequence.logprobs, DType.DTYPE_FLOAT32)],
    finishReason: sequence.stopReason === StopReason.LENGTH ? 'length' : 'stop',
    promptLogprobs: floatsOf(promptLogprobs, DType.DTYPE_FLOAT32),
    topTokens: topkPromptLogprobs === undefined ? [] : rowsOf(topkPromptLogprobs),
  };
}

function rowsOf(topk: {
  readonly tokenIds: Uint8Array;
  readonly logprobs: Uint8Array;
  readonly k: bigint;
  readonly promptLength: bigint;
}): TopTokens[] {
  const k = Number(topk.k);
  const [ids, logprobs] = [int32Of(topk.tokenIds), floatsOf(topk.logprobs, DType.DTYPE_FLOAT32)];
  return Array.from({ length: Number(topk.promptLength) }, (_, row) => {
    const places = Array.from({ length: k }, (__, i) => row * k + i).filter((at) => logprobs[at]! > NO_TOKEN);
    return { tokenIds: places.map((at) => ids[at]!), logprobs: places.map((at) => logprobs[at]!) };
  });
}
