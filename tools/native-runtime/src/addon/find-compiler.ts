import type { Environment } from '@claas/tensor-backend/native-runtime';
import { findExecutable } from '../process/find-executable.js';
import { SetUpError } from '../set-up/set-up-error.js';

export interface CompilerSettings {
  /** `CXX`. */
  readonly compiler: string | null;
  /** `PATH`. */
  readonly searchPath: string;
  /** What programs are started with. */
  readonly environment: Environment;
}

/** A C++ compiler with the arguments that come before ours (`CXX` may be `ccache g++`). */
export interface Compiler {
  readonly program: string;
  readonly firstArguments: readonly string[];
}

const NAMES = ['c++', 'g++', 'clang++'];

/** @throws SetUpError `no_compiler` */
export function findCompiler(settings: CompilerSettings): Compiler {
  const [chosen, ...firstArguments] = (settings.compiler ?? '').split(/\s+/).filter((word) => word !== '');
  if (chosen !== undefined) {
    const program = findExecutable(chosen, settings.searchPath);
    if (program !== null) return { program, firstArguments };
    throw new SetUpError('no_compiler', `the compiler that CXX names (${chosen}) is not there`, 'correct or unset CXX');
  }
  for (const name of NAMES) {
    const program = findExecutable(name, settings.searchPath);
    if (program !== null) return { program, firstArguments: [] };
  }
  throw new SetUpError(
    'no_compiler',
    `no C++ compiler found (${NAMES.join(', ')})`,
    process.platform === 'darwin' ? 'run `xcode-select --install`' : 'install one (Debian, Ubuntu: `apt install g++`)',
  );
}
