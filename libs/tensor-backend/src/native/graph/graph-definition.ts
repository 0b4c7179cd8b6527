import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import type { OperationAttribute, TensorflowBinding, TensorHandle } from '../tensorflow-binding.js';

/** One result of one node, as TensorFlow names it: `node:index`. */
export type GraphOutput = string;

/** What a graph of the newest form says of itself; TensorFlow refuses only those that are too old or ask for a newer reader. */
const PRODUCER_VERSION = 2000;
const SAVED_MODEL_VERSION = 1;
/** By this name the only graph of the file is found. */
export const GRAPH_TAG = 'serve';

type Fields = (message: BinaryWriter) => BinaryWriter;

/**
 * A TensorFlow graph, node by node, and its bytes as a SavedModel.
 * Field numbers: graph, node_def, attr_value, tensor, tensor_shape, versions in tensorflow/core/framework and meta_graph, saved_model in
 * tensorflow/core/protobuf (.proto, v2.21).
 */
export class GraphDefinition {
  private readonly nodes: Fields[] = [];

  constructor(private readonly binding: TensorflowBinding) {}

  /** A tensor that is given anew with every run. */
  placeholder({ dtype, shape }: Pick<TensorHandle, 'dtype' | 'shape'>): GraphOutput {
    return this.node('Placeholder', [], { dtype: typeValue(dtype), shape: shapeValue(shape) });
  }

  constant({ dtype, shape }: Pick<TensorHandle, 'dtype' | 'shape'>, content: Uint8Array): GraphOutput {
    const value: Fields = (attribute) =>
      nested(attribute, 8, (tensor) => {
        number(tensor, 1, dtype);
        nested(tensor, 2, dimensions(shape));
        return tensor.tag(4, WireType.LengthDelimited).bytes(content);
      });
    return this.node('Const', [], { dtype: typeValue(dtype), value });
  }

  /** @returns its first output */
  operation(name: string, attributes: readonly OperationAttribute[], inputs: readonly GraphOutput[]): GraphOutput {
    const values = attributes.map((attribute) => [attribute.name, this.attributeValue(attribute)] as const);
    return this.node(name, inputs, Object.fromEntries(values));
  }

  savedModel(): Uint8Array {
    const file = new BinaryWriter();
    number(file, 1, SAVED_MODEL_VERSION);
    nested(file, 2, (metaGraph) => {
      nested(metaGraph, 1, (info) => text(info, 4, GRAPH_TAG));
      return nested(metaGraph, 2, (graph) => {
        for (const node of this.nodes) nested(graph, 1, node);
        return nested(graph, 4, (versions) => number(versions, 1, PRODUCER_VERSION));
      });
    });
    return file.finish();
  }

  private node(
    operation: string,
    inputs: readonly GraphOutput[],
    attributes: Readonly<Record<string, Fields>>,
  ): GraphOutput {
    const name = `n${this.nodes.length}`;
    this.nodes.push((node) => {
      text(node, 1, name);
      text(node, 2, operation);
      for (const input of inputs) text(node, 3, input);
      for (const [key, value] of Object.entries(attributes)) {
        nested(node, 5, (entry) => {
          text(entry, 1, key);
          return nested(entry, 2, value);
        });
      }
      return node;
    });
    return `${name}:0`;
  }

  private attributeValue({ name, type, value }: OperationAttribute): Fields {
    const { binding } = this;
    switch (type) {
      case binding.TF_ATTR_STRING:
        return (message) => text(message, 2, value as string);
      case binding.TF_ATTR_INT:
        return (message) => number(message, 3, value as number);
      case binding.TF_ATTR_FLOAT:
        return (message) => message.tag(4, WireType.Bit32).float(value as number);
      case binding.TF_ATTR_BOOL:
        return (message) => message.tag(5, WireType.Varint).bool(value as boolean);
      case binding.TF_ATTR_TYPE:
        return typeValue(value as number);
      case binding.TF_ATTR_SHAPE:
        return shapeValue(value as readonly number[]);
      default:
        throw new Error(`The attribute ${name} has the type ${type}, which graphs are not written with.`);
    }
  }
}

/** The output of that number of the node whose first output `first` is. */
export function outputOf(first: GraphOutput, index: number): GraphOutput {
  return first.replace(/0$/, String(index));
}

function typeValue(type: number): Fields {
  return (message) => number(message, 6, type);
}

function shapeValue(shape: readonly number[]): Fields {
  return (message) => nested(message, 7, dimensions(shape));
}

function dimensions(shape: readonly number[]): Fields {
  return (message) => {
    for (const size of shape) nested(message, 2, (dimension) => number(dimension, 1, size));
    return message;
  };
}

function number(message: BinaryWriter, field: number, value: number): BinaryWriter {
  return message.tag(field, WireType.Varint).int64(value);
}

function text(message: BinaryWriter, field: number, value: string): BinaryWriter {
  return message.tag(field, WireType.LengthDelimited).string(value);
}

function nested(message: BinaryWriter, field: number, write: Fields): BinaryWriter {
  message.tag(field, WireType.LengthDelimited).fork();
  write(message);
  return message.join();
}
