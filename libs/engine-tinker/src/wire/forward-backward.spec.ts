import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { MAX_CHUNK_DATUMS, chunked } from '../session/training-model.js';
import type { TargetRows } from './datum.js';
import { decodeLogprobs, encodeForwardBackward } from './forward-backward.js';
import { bytesOf, int64Bytes } from './numbers.js';
import { DType, ForwardBackwardOutputSchema, ForwardBackwardRequestSchema } from './tinker_public_pb.js';

/** N tokens, the last `rows` of which have K targets. */
function targetRows(N: number, rows: number, K: number): TargetRows {
  return {
    tokenIds: Array.from({ length: N }, (_, i) => i),
    firstRow: N - rows,
    K,
    targets: Int32Array.from({ length: rows * K }, (_, i) => 100 + i),
    weights: Float32Array.from({ length: rows * K }, (_, i) => i / 8),
  };
}

const REQUEST = { modelId: 'a:train:0', seqId: 3, forwardOnly: true };

function tensorsOf(rows: TargetRows, maxBytes: number) {
  const { data } = fromBinary(ForwardBackwardRequestSchema, encodeForwardBackward(REQUEST, [rows], maxBytes));
  return data[0]!.lossFnInputs;
}

describe('forward_backward on the wire', () => {
  it('has the numbers of its request, and tokens in 32 bits', () => {
    const bytes = encodeForwardBackward(REQUEST, [targetRows(3, 1, 2)], 1e6);
    const message = fromBinary(ForwardBackwardRequestSchema, bytes);
    expect(message).toMatchObject({ ...REQUEST, lossFn: 'cross_entropy' });
    const { value } = message.data[0]!.modelInput[0]!.chunk;
    expect([...value!.tokens]).toEqual([0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0]);
  });

  it('is dense where that fits, rows of the prompt being empty', () => {
    const { weights, target_tokens: targets } = tensorsOf(targetRows(3, 1, 2), 1e6);
    expect(weights).toMatchObject({ dtype: DType.DTYPE_FLOAT32, shape: [3n, 2n] });
    expect(weights!.data.value).toEqual(bytesOf(Float32Array.of(0, 0, 0, 0, 0, 1 / 8)));
    expect(targets!.data.value).toEqual(int64Bytes([0, 0, 0, 0, 100, 101]));
  });

  it('is sparse where that would be too large', () => {
    const K = 20;
    const { weights, target_tokens: targets } = tensorsOf(targetRows(9, 1, K), 1000);
    const ids = Array.from({ length: K }, (_, k) => k);
    const csr = { crowIndices: int64Bytes([...new Array<number>(9).fill(0), K]), colIndices: int64Bytes(ids) };
    expect(weights!.data).toMatchObject({
      case: 'sparseCsr',
      value: { ...csr, values: bytesOf(Float32Array.from(ids, (k) => k / 8)) },
    });
    const values = int64Bytes(ids.map((k) => 100 + k));
    expect(targets!.data).toMatchObject({ case: 'sparseCsr', value: { ...csr, values } });
  });

  it('is dense all the same where sparse would be larger', () => {
    expect(tensorsOf(targetRows(3, 3, 20), 1000).weights!.data.case).toBe('dense');
  });

  it('is cut into requests that the service takes, in order', () => {
    const small = Array.from({ length: MAX_CHUNK_DATUMS + 3 }, () => targetRows(2, 1, 1));
    expect(chunked(small).map(({ length }) => length)).toEqual([MAX_CHUNK_DATUMS, 3]);
    const large = Array.from({ length: 5 }, () => targetRows(100, 50, 1000));
    const chunks = chunked(large);
    expect(chunks.length).toBeGreaterThan(1);
    expect(chunks.flat()).toEqual(large);
    for (const chunk of chunks) expect(encodeForwardBackward(REQUEST, chunk, 5e6).length).toBeLessThan(5.1e6);
  });
});

describe('its result', () => {
  const answer = (values: Float32Array | Uint16Array, offsets: readonly number[], dtype: DType): Uint8Array =>
    toBinary(
      ForwardBackwardOutputSchema,
      create(ForwardBackwardOutputSchema, {
        lossFnOutputs: [
          {
            fields: {
              logprobs: { data: bytesOf(values as Float32Array<ArrayBuffer>), offsets: int64Bytes(offsets), dtype },
            },
          },
        ],
      }),
    );
  const data = [targetRows(2, 1, 2), targetRows(1, 1, 2)];

  it('is taken apart by sequence, without the rows of the prompt', () => {
    const values = Float32Array.of(-9, -9, -1, -2, -3, -4);
    const logprobs = decodeLogprobs(answer(values, [0, 16, 24], DType.DTYPE_FLOAT32), data);
    expect(logprobs.map((one) => [...one])).toEqual([
      [-1, -2],
      [-3, -4],
    ]);
  });

  it('may have 16 bits a number', () => {
    const values = Uint16Array.of(0, 0, 0xbf80, 0xc000, 0xc040, 0xc080);
    const logprobs = decodeLogprobs(answer(values, [0, 8, 12], DType.DTYPE_BFLOAT16), data);
    expect(logprobs.map((one) => [...one])).toEqual([
      [-1, -2],
      [-3, -4],
    ]);
  });

  it('is refused when it does not fit what was asked', () => {
    const values = Float32Array.of(-1, -2);
    expect(() => decodeLogprobs(answer(values, [0, 8], DType.DTYPE_FLOAT32), data)).toThrow(/1 results for 2/);
    expect(() => decodeLogprobs(answer(values, [0, 8], DType.DTYPE_FLOAT32), data.slice(0, 1))).toThrow(
      /2 log-probs for 2·2/,
    );
    expect(() => decodeLogprobs(answer(values, [0, 8], DType.DTYPE_INT64), data.slice(0, 1))).toThrow(/dtype/);
  });
});
