import { existsSync } from 'node:fs';
import path from 'node:path';
import type { LibTensorFlow } from './library-source.js';

/** File names: the library that has TensorFlow's C interface (wheel, C archive), and the framework that it is linked with. */
export const MAIN_LIBRARIES =
  process.platform === 'darwin'
    ? ['libtensorflow_cc.2.dylib', 'libtensorflow.2.dylib']
    : ['libtensorflow_cc.so.2', 'libtensorflow.so.2'];
export const FRAMEWORK_LIBRARY =
  process.platform === 'darwin' ? 'libtensorflow_framework.2.dylib' : 'libtensorflow_framework.so.2';
const HEADER = path.join('tensorflow', 'c', 'c_api.h');

/**
 * libtensorflow in a folder that has `lib` and `include`, in the `tensorflow` folder of a wheel, or in the folder that holds
 * that one (`site-packages`, a wheel's root).
 * @returns what was found, or a clause that says what is missing
 */
export function findLibTensorFlow(directory: string): LibTensorFlow | string {
  if (!existsSync(directory)) return `${directory} does not exist`;
  const roots = [directory, path.join(directory, 'tensorflow')];
  const places = roots.flatMap((root) => [
    { root, libraries: path.join(root, 'lib') },
    { root, libraries: root },
  ]);
  for (const { root, libraries } of places) {
    const main = MAIN_LIBRARIES.map((name) => path.join(libraries, name)).find((file) => existsSync(file));
    if (main === undefined) continue;
    const framework = path.join(libraries, FRAMEWORK_LIBRARY);
    if (!existsSync(framework)) return `${framework} is missing`;
    const includeDirectory = path.join(root, 'include');
    if (!existsSync(path.join(includeDirectory, HEADER))) return `${path.join(includeDirectory, HEADER)} is missing`;
    return { libraries: [main, framework], includeDirectory, nvidiaDirectory: nvidiaBeside(root) };
  }
  return `${directory} has neither ${MAIN_LIBRARIES.join(' nor ')}, also not in lib or tensorflow`;
}

function nvidiaBeside(root: string): string | null {
  const directory = path.join(path.dirname(root), 'nvidia');
  return path.basename(root) === 'tensorflow' && existsSync(directory) ? directory : null;
}
