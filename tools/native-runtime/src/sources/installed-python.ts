import { findExecutable } from '../process/find-executable.js';
import { runCommand } from '../process/run-command.js';
import type { CompilerSettings } from '../addon/find-compiler.js';
import { findLibTensorFlow } from './find-libtensorflow.js';
import { SourceUnavailable } from './library-source.js';
import type { LibrarySource } from './library-source.js';

/** Finds the package without importing it, which would take seconds. */
const FIND = `
import importlib.util
spec = importlib.util.find_spec('tensorflow')
print(spec.submodule_search_locations[0] if spec and spec.submodule_search_locations else '')
`;
const TIMEOUT_MS = 20_000;

/** The TensorFlow that is installed for the machine's Python. */
export function installedPython(settings: CompilerSettings): LibrarySource {
  return {
    title: "the installed Python TensorFlow's library",
    ownership: 'foreign',
    isPinned: false,
    obtain: async () => {
      const python = findExecutable('python3', settings.searchPath);
      if (python === null) throw new SourceUnavailable('no python3');
      const { environment } = settings;
      const result = await runCommand(python, ['-c', FIND], { environment, timeoutMs: TIMEOUT_MS });
      if (!result.ok) throw new SourceUnavailable(`python3 ${result.reason}`);
      const directory = result.stdout.trim();
      if (directory === '') throw new SourceUnavailable('Python has no TensorFlow');
      const found = findLibTensorFlow(directory);
      if (typeof found === 'string') throw new SourceUnavailable(`the installed TensorFlow can't be used: ${found}`);
      return found;
    },
  };
}
