import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { ClaasError } from '@claas/contracts';
import { toDatum } from './datum.js';
import type { TargetRows } from './datum.js';
import { floatsOf, int64Of } from './numbers.js';
import { understood } from './understood.js';
import { ForwardBackwardOutputSchema, ForwardBackwardRequestSchema } from './tinker_public_pb.js';

export function encodeForwardBackward(
  request: { readonly modelId: string; readonly seqId: number; readonly forwardOnly: boolean },
  data: readonly TargetRows[],
  maxBytes: number,
): Uint8Array {
  const message = create(ForwardBackwardRequestSchema, {
    ...request,
    lossFn: 'cross_entropy',
    data: data.map((rows) => toDatum(rows, maxBytes)),
  });
  return toBinary(ForwardBackwardRequestSchema, message);
}

/** Log-probs of each datum's targets, its rows from `firstRow` on. @throws ClaasError `trainer_protocol` */
export function decodeLogprobs(bytes: Uint8Array, data: readonly TargetRows[]): Float32Array[] {
  return understood('forward_backward', () => readLogprobs(bytes, data));
}

function readLogprobs(bytes: Uint8Array, data: readonly TargetRows[]): Float32Array[] {
  const { lossFnOutputs } = fromBinary(ForwardBackwardOutputSchema, bytes);
  const found: Float32Array[] = [];
  for (const { fields } of lossFnOutputs) {
    const field = fields['logprobs'];
    if (field === undefined) throw misunderstood('a result without log-probs');
    const offsets = int64Of(field.offsets);
    for (let i = 0; i + 1 < offsets.length; i++) {
      found.push(floatsOf(field.data.subarray(offsets[i], offsets[i + 1]), field.dtype));
    }
  }
  if (found.length !== data.length) throw misunderstood(`${found.length} results for ${data.length} sequences`);
  return found.map((logprobs, i) => {
    const { tokenIds, firstRow, K } = data[i]!;
    if (logprobs.length !== tokenIds.length * K) {
      throw misunderstood(`${logprobs.length} log-probs for ${tokenIds.length}·${K} targets`);
    }
    return logprobs.subarray(firstRow * K);
  });
}

function misunderstood(found: string): ClaasError {
  return new ClaasError('trainer_protocol', `The Tinker service's answer to forward_backward has ${found}.`);
}
