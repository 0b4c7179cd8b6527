import { engine } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { ConstantTensors } from './constant-tensors.js';
import type { TensorflowTfjsBackend } from './load-tensorflow.js';
import { TensorScope } from './tensor-scope.js';
import { ElementType } from './tensorflow-binding.js';
import type { RecordableBinding } from './graph/recordable-binding.js';
import type { OperationAttribute, TensorHandle } from './tensorflow-binding.js';

/**
 * TensorFlow's operations, called directly: in bfloat16, which tfjs doesn't know, and at a quarter of the cost of a tfjs operation.
 * Handles are deleted when the scope ends in which they were made; `tensors` turns results into tfjs tensors.
 */
export class RawOperations {
  readonly constants: ConstantTensors;
  readonly binding: RecordableBinding;
  private readonly scope: TensorScope;
  private readonly attributes = new Map<string, OperationAttribute>();

  constructor(private readonly tfjs: TensorflowTfjsBackend) {
    this.binding = tfjs.binding;
    this.constants = new ConstantTensors(tfjs.binding);
    this.scope = new TensorScope(tfjs.binding);
  }

  /** Runs `work` and returns its results as tfjs tensors; all other handles made by it are deleted. */
  tensors<T extends Readonly<Record<string, TensorHandle>>>(work: () => T): { [K in keyof T]: Tensor } {
    const handles = this.scope.run(work, (results) => Object.values(results).map(({ id }) => id));
    return Object.fromEntries(Object.entries(handles).map(([name, handle]) => [name, this.registered(handle)])) as {
      [K in keyof T]: Tensor;
    };
  }

  /** The same for a single result. */
  tensor<T extends Tensor>(work: () => TensorHandle): T {
    return this.registered(this.scope.run(work, ({ id }) => [id])) as T;
  }

  /** The same for a handle that the caller deletes. */
  handle(work: () => TensorHandle): TensorHandle {
    return this.scope.run(work, ({ id }) => [id]);
  }

  /** Runs `work` and deletes every handle made by it. */
  discard<T>(work: () => T): T {
    return this.scope.run(work, () => []);
  }

  delete(handle: TensorHandle): void {
    this.binding.deleteTensor(handle.id);
  }

  /** A tfjs tensor's handle, the tensor's own. */
  of(tensor: { readonly dataId: object }): TensorHandle {
    const record = this.tfjs.tensorMap.get(tensor.dataId);
    if (record.values !== null) {
      // tfjs hands values over when an operation first asks for them.
      record.id = this.binding.createTensor(record.shape, record.dtype, record.values);
      record.values = null;
    }
    return record;
  }

  /** Takes values over; the memory must not change afterwards. */
  create(shape: readonly number[], dtype: ElementType, values: Float32Array | Int32Array | Uint8Array): TensorHandle {
    const id = this.binding.createTensor(shape, dtype, values);
    this.scope.own(id);
    return { id, shape: [...shape], dtype };
  }

  read(handle: TensorHandle): Float32Array | Int32Array | Uint8Array {
    return this.binding.tensorDataSync(handle.id);
  }

  /** The first output of an operation. */
  run(name: string, attributes: readonly OperationAttribute[], inputs: readonly number[]): TensorHandle {
    return this.runMany(name, attributes, inputs, 1)[0]!;
  }

  runMany(
    name: string,
    attributes: readonly OperationAttribute[],
    inputs: readonly number[],
    outputs: number,
  ): TensorHandle[] {
    const handles = this.binding.executeOp(name, attributes, inputs, outputs);
    for (const { id } of handles) this.scope.own(id);
    return handles;
  }

  /** Attribute of an element type. */
  type(name: string, value: number): OperationAttribute {
    return this.attribute(name, this.binding.TF_ATTR_TYPE, value);
  }

  flag(name: string, value: boolean): OperationAttribute {
    return this.attribute(name, this.binding.TF_ATTR_BOOL, value);
  }

  integer(name: string, value: number): OperationAttribute {
    return this.attribute(name, this.binding.TF_ATTR_INT, value);
  }

  text(name: string, value: string): OperationAttribute {
    return this.attribute(name, this.binding.TF_ATTR_STRING, value);
  }

  /** −1 for a length that varies. */
  shape(name: string, value: readonly number[]): OperationAttribute {
    return { name, type: this.binding.TF_ATTR_SHAPE, value };
  }

  private attribute(name: string, type: number, value: boolean | number | string): OperationAttribute {
    const key = `${name}/${type}/${value}`;
    let attribute = this.attributes.get(key);
    if (attribute === undefined) {
      attribute = { name, type, value };
      this.attributes.set(key, attribute);
    }
    return attribute;
  }

  /**
   * Makes a handle a tensor that tidy, keep and dispose treat as any other. tfjs has no name for bfloat16: such a tensor is labelled float32,
   * and only operations of this folder may use it; a tfjs operation on it fails.
   */
  registered({ id, shape, dtype }: TensorHandle): Tensor {
    const dataId = {};
    this.tfjs.tensorMap.set(dataId, { shape, dtype, id, values: null, refCount: 1 });
    const label = dtype === ElementType.int32 ? 'int32' : 'float32';
    return engine().makeTensorFromTensorInfo({ dataId, shape, dtype: label });
  }
}
