import type { OperationAttribute, TensorflowBinding, TensorHandle } from '../tensorflow-binding.js';
import type { GraphRecorder } from './graph-recorder.js';

/** The addon's interface, by which operations can be written down while they run: those of tfjs, too. */
export interface RecordableBinding extends TensorflowBinding {
  /** The same interface past every recorder. */
  readonly unrecorded: TensorflowBinding;
  /** Null: nobody writes. */
  recorder: GraphRecorder | null;
}

export function recordableBinding(binding: TensorflowBinding): RecordableBinding {
  const executeOp = (
    name: string,
    attributes: readonly OperationAttribute[],
    inputs: readonly number[],
    outputs: number,
  ): TensorHandle[] => {
    const results = binding.executeOp(name, attributes, inputs, outputs);
    recordable.recorder?.operation(name, attributes, inputs, results);
    return results;
  };
  const recordable = Object.create(binding, {
    executeOp: { value: executeOp },
    unrecorded: { value: binding },
    recorder: { value: null, writable: true },
  }) as RecordableBinding;
  return recordable;
}
