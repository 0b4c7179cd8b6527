import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Tensor, tidy } from '@tensorflow/tfjs-core';
import type { RawOperations } from '../raw-operations.js';
import type { TensorHandle } from '../tensorflow-binding.js';
import { GRAPH_TAG } from './graph-definition.js';
import { GraphRecorder } from './graph-recorder.js';
import type { RecordableBinding } from './recordable-binding.js';
import { leavesAndText, tensorTree, withLeaves } from './tensor-tree.js';
import type { TensorLeaf } from './tensor-tree.js';

/** Lengths come in buckets, and a step has some ten graphs of one or two megabytes. */
const MAXIMUM_GRAPHS = 64;

interface CompiledGraph {
  /** Of the session that holds it. */
  readonly id: number;
  /** Names of its inputs and outputs, separated by commas. */
  readonly inputs: string;
  readonly outputs: string;
  /** What the computation gives, without its tensors. */
  readonly form: unknown;
}

/**
 * Computations that were written down when they first ran and are run as one graph from then on. That saves the way from JavaScript to TensorFlow
 * for each operation, and lets TensorFlow give the memory of a tensor to the next one as soon as nobody will read it again.
 */
export class CompiledGraphs {
  /** By name and shapes; the least recently used one goes first. */
  private readonly graphs = new Map<string, CompiledGraph>();

  constructor(
    private readonly binding: RecordableBinding,
    private readonly operations: RawOperations,
  ) {}

  /** See TensorBackend.compiled. Also the first result is the graph's: which operations TensorFlow merges changes the last digits. */
  run<I, O>(name: string, inputs: I, work: (inputs: I) => O): O {
    // Within another computation, which is being written down: this is part of it.
    if (this.binding.recorder !== null) return work(inputs);
    const { leaves, text } = leavesAndText(inputs);
    const handles = leaves.map((leaf) => this.handleOf(leaf));
    const ids = handles.map(({ id }) => id);
    let key = name + text;
    // One tensor in two places is another computation than two tensors: the recorder can't know which of the places was read.
    for (const [i, { id, dtype, shape }] of handles.entries())
      key += `;${ids.indexOf(id) - i}:${dtype}:${shape.join()}`;
    const graph = this.graphs.get(key) ?? this.record(handles, () => work(inputs));
    if (graph === null) return work(inputs);
    this.graphs.delete(key);
    this.graphs.set(key, graph);
    if (this.graphs.size > MAXIMUM_GRAPHS) this.evictOldest();
    const results = this.binding.runSavedModel(graph.id, ids, graph.inputs, graph.outputs);
    const tensors = results.map((handle) => this.operations.registered(handle));
    return withLeaves(graph.form, tensors) as O;
  }

  /** Null where graphs can't be loaded: nothing is lost by that but speed. */
  private record(inputs: readonly TensorHandle[], work: () => unknown): CompiledGraph | null {
    const { binding } = this;
    const recorder = new GraphRecorder(binding.unrecorded, inputs);
    let resultForm: unknown;
    tidy(() => {
      binding.recorder = recorder;
      try {
        const { leaves, form } = tensorTree(work());
        for (const leaf of leaves) recorder.output(this.handleOf(leaf));
        resultForm = form;
      } finally {
        binding.recorder = null;
      }
    });
    const id = loadGraph(binding, recorder.definition.savedModel());
    if (id === null) return null;
    return {
      id,
      inputs: recorder.inputs.join(),
      outputs: recorder.outputs.join(),
      form: resultForm,
    };
  }

  private handleOf(leaf: TensorLeaf): TensorHandle {
    return leaf instanceof Tensor ? this.operations.of(leaf) : leaf.handle;
  }

  private evictOldest(): void {
    for (const [key, { id }] of this.graphs) {
      this.binding.deleteSavedModel(id);
      this.graphs.delete(key);
      return;
    }
  }
}

/** The addon takes graphs from files only. Null where no file can be written, as on a full disk. */
function loadGraph(binding: RecordableBinding, savedModel: Uint8Array): number | null {
  const directory = temporaryDirectory();
  if (directory === null) return null;
  try {
    writeFileSync(path.join(directory, 'saved_model.pb'), savedModel);
    return binding.loadSavedModel(directory, GRAPH_TAG);
  } catch {
    return null;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function temporaryDirectory(): string | null {
  try {
    return mkdtempSync(path.join(tmpdir(), 'claas-graph-'));
  } catch {
    return null;
  }
}
