import { fsyncSync } from 'node:fs';
import type { PGlite } from '@electric-sql/pglite';
import { NodeFS } from '@electric-sql/pglite/nodefs';

type EmscriptenOptions = Awaited<ReturnType<NodeFS['init']>>['emscriptenOpts'];

interface NodeFileStream {
  readonly nfd: number;
}

interface NodeFileOperations {
  fsync?: (stream: NodeFileStream) => number;
}

/**
 * PGlite's file system with an fsync that reaches the disk: the one that it comes with does nothing, so that a
 * committed transaction would survive the death of the process but not of the machine.
 */
export class DurableNodeFilesystem extends NodeFS {
  override async init(database: PGlite, options: EmscriptenOptions): Promise<{ emscriptenOpts: EmscriptenOptions }> {
    const { emscriptenOpts } = await super.init(database, options);
    return { emscriptenOpts: { ...emscriptenOpts, preRun: [...(emscriptenOpts.preRun ?? []), installFsync] } };
  }
}

function installFsync(module: unknown): void {
  const operations = (module as { NODEFS?: { stream_ops?: NodeFileOperations } }).NODEFS?.stream_ops;
  if (operations === undefined) throw new Error('This version of PGlite has no NODEFS.stream_ops to give an fsync to.');
  operations.fsync = ({ nfd }) => {
    fsyncSync(nfd);
    return 0;
  };
}
