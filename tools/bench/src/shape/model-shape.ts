/** Sizes of a Qwen3-like model with tied embeddings. Letters: C hidden, I width of the MLP, H and G heads, D head size, V vocabulary. */
export interface ModelShape {
  readonly name: string;
  /** C */
  readonly hiddenSize: number;
  /** I */
  readonly intermediateSize: number;
  readonly layers: number;
  /** H */
  readonly attentionHeads: number;
  /** G */
  readonly keyValueHeads: number;
  /** D */
  readonly headDim: number;
  /** V */
  readonly vocabularySize: number;
}

const QWEN3_600M = {
  hiddenSize: 1024,
  intermediateSize: 3072,
  layers: 28,
  attentionHeads: 16,
  keyValueHeads: 8,
  headDim: 128,
  vocabularySize: 151_936,
};

const SHAPES: readonly ModelShape[] = [
  {
    name: 'clay-tiny',
    hiddenSize: 256,
    intermediateSize: 768,
    layers: 6,
    attentionHeads: 6,
    keyValueHeads: 2,
    headDim: 64,
    vocabularySize: 4096,
  },
  {
    ...QWEN3_600M,
    name: '0.1b',
    hiddenSize: 512,
    intermediateSize: 1536,
    layers: 12,
    attentionHeads: 8,
    keyValueHeads: 4,
  },
  { ...QWEN3_600M, name: '0.3b', layers: 10 },
  { ...QWEN3_600M, name: '0.6b' },
  { ...QWEN3_600M, name: '1.7b', hiddenSize: 2048, intermediateSize: 6144 },
];

export const SHAPE_NAMES: readonly string[] = SHAPES.map(({ name }) => name);

/** @throws Error naming the known ones */
export function modelShape(name: string): ModelShape {
  const shape = SHAPES.find((known) => known.name === name);
  if (shape === undefined) throw new Error(`There is no shape "${name}"; choose one of ${SHAPE_NAMES.join(', ')}.`);
  return shape;
}

/** A tensor of the weight file. */
export interface WeightShape {
  readonly name: string;
  readonly shape: readonly number[];
}

/** All weights by the names that Hugging Face gives them, in the order of the file. */
export function weightShapes(shape: ModelShape): WeightShape[] {
  const { hiddenSize: C, intermediateSize: I, attentionHeads: H, keyValueHeads: G, headDim: D } = shape;
  const layer = (index: number): WeightShape[] =>
    [
      { name: 'input_layernorm', shape: [C] },
      { name: 'self_attn.q_proj', shape: [H * D, C] },
      { name: 'self_attn.k_proj', shape: [G * D, C] },
      { name: 'self_attn.v_proj', shape: [G * D, C] },
      { name: 'self_attn.q_norm', shape: [D] },
      { name: 'self_attn.k_norm', shape: [D] },
      { name: 'self_attn.o_proj', shape: [C, H * D] },
      { name: 'post_attention_layernorm', shape: [C] },
      { name: 'mlp.gate_proj', shape: [I, C] },
      { name: 'mlp.up_proj', shape: [I, C] },
      { name: 'mlp.down_proj', shape: [C, I] },
    ].map(({ name, shape: weight }) => ({ name: `model.layers.${index}.${name}.weight`, shape: weight }));
  return [
    { name: 'model.embed_tokens.weight', shape: [shape.vocabularySize, C] },
    ...Array.from({ length: shape.layers }, (_, index) => layer(index)).flat(),
    { name: 'model.norm.weight', shape: [C] },
  ];
}

/** Numbers in all weights. */
export function parameterCount(shape: ModelShape): number {
  return weightShapes(shape).reduce((sum, weight) => sum + elementCount(weight), 0);
}

export function elementCount({ shape }: WeightShape): number {
  return shape.reduce((product, size) => product * size, 1);
}
