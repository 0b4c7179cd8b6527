import { ElementType } from '../tensorflow-binding.js';
import type { OperationAttribute, TensorflowBinding, TensorHandle } from '../tensorflow-binding.js';
import { GraphDefinition, outputOf } from './graph-definition.js';
import type { GraphOutput } from './graph-definition.js';

/** Scalars, shapes and the like become part of the graph. Whatever is larger is data, and data that isn't an input would be that of the first run for ever. */
const LARGEST_CONSTANT = 2 ** 14;

/** Writes operations down while they run. */
export class GraphRecorder {
  readonly definition: GraphDefinition;
  readonly inputs: readonly GraphOutput[];
  readonly outputs: GraphOutput[] = [];
  /** By the id of the tensor that was there while recording. */
  private readonly known = new Map<number, GraphOutput>();

  /** @param binding one that isn't recorded itself */
  constructor(
    private readonly binding: TensorflowBinding,
    inputs: readonly TensorHandle[],
  ) {
    this.definition = new GraphDefinition(binding);
    this.inputs = inputs.map((input) => this.definition.placeholder(input));
    inputs.forEach(({ id }, i) => this.known.set(id, this.inputs[i]!));
  }

  /** @throws Error when it reads a large tensor that neither is an input nor comes from one */
  operation(
    name: string,
    attributes: readonly OperationAttribute[],
    inputs: readonly number[],
    results: readonly TensorHandle[],
  ): void {
    const first = this.definition.operation(
      name,
      attributes,
      inputs.map((id) => this.outputWithId(id)),
    );
    results.forEach(({ id }, i) => this.known.set(id, outputOf(first, i)));
  }

  /** Makes a tensor the graph's next output: one of its own, whatever else the tensor is. */
  output({ id, dtype }: TensorHandle): void {
    const type = { name: 'T', type: this.binding.TF_ATTR_TYPE, value: dtype };
    this.outputs.push(this.definition.operation('Identity', [type], [this.outputWithId(id)]));
  }

  private outputWithId(id: number): GraphOutput {
    const known = this.known.get(id) ?? this.constant(id);
    this.known.set(id, known);
    return known;
  }

  private constant(id: number): GraphOutput {
    const values = this.binding.tensorDataSync(id);
    if (values.length > LARGEST_CONSTANT) {
      throw new Error(`A tensor of ${values.length} numbers is used that is not among the inputs of this computation.`);
    }
    const dtype = values instanceof Float32Array ? ElementType.float32 : ElementType.int32;
    const content = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    return this.definition.constant({ dtype, shape: this.shapeOf(id, dtype) }, content);
  }

  private shapeOf(id: number, dtype: number): number[] {
    const { TF_ATTR_TYPE: type } = this.binding;
    const attributes = [
      { name: 'T', type, value: dtype },
      { name: 'out_type', type, value: ElementType.int32 },
    ];
    const [shape] = this.binding.executeOp('Shape', attributes, [id], 1);
    try {
      return [...this.binding.tensorDataSync(shape!.id)];
    } finally {
      this.binding.deleteTensor(shape!.id);
    }
  }
}
