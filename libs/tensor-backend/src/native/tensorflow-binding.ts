/** TensorFlow's numbers for the types of tensor elements that are used here; source: tensorflow/c/tf_datatype.h */
export const ElementType = { float32: 1, int32: 3, uint8: 4, bfloat16: 14, float16: 19 } as const;
export type ElementType = (typeof ElementType)[keyof typeof ElementType];

/** An attribute of an operation as the addon takes it. */
export interface OperationAttribute {
  readonly name: string;
  /** One of the addon's TF_ATTR_… numbers. */
  readonly type: number;
  readonly value: boolean | number | string | readonly number[];
}

/** What the addon says of a tensor that an operation made. */
export interface TensorHandle {
  readonly id: number;
  readonly shape: number[];
  readonly dtype: number;
}

/** The part of the tfjs-node addon that is used here. */
export interface TensorflowBinding {
  readonly TF_ATTR_INT: number;
  readonly TF_ATTR_FLOAT: number;
  readonly TF_ATTR_BOOL: number;
  readonly TF_ATTR_TYPE: number;
  readonly TF_ATTR_STRING: number;
  readonly TF_ATTR_SHAPE: number;
  readonly TF_Version: string;
  /** Keeps the memory of `values`, so it must never change afterwards. */
  createTensor(shape: readonly number[], dtype: number, values: Float32Array | Int32Array | Uint8Array): number;
  deleteTensor(id: number): void;
  tensorDataSync(id: number): Float32Array | Int32Array | Uint8Array;
  executeOp(
    name: string,
    attributes: readonly OperationAttribute[],
    inputs: readonly number[],
    outputs: number,
  ): TensorHandle[];
  /** A graph from a file in `directory`; the id names the session that holds it. */
  loadSavedModel(directory: string, tags: string): number;
  deleteSavedModel(id: number): void;
  /** Names of inputs and outputs are separated by commas. */
  runSavedModel(id: number, inputs: readonly number[], inputNames: string, outputNames: string): TensorHandle[];
  getNumOfTensors(): number;
  isUsingGpuDevice(): boolean;
}
