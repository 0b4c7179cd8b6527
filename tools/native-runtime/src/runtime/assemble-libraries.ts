import { copyFile, mkdir, realpath, rename, symlink } from 'node:fs/promises';
import path from 'node:path';
import type { LibrarySource, LibTensorFlow } from '../sources/library-source.js';

/**
 * Lays the libraries where the addon and libtensorflow's own search paths expect them: `lib/*` and, with CUDA,
 * `nvidia/<name>/lib/*` (as `../nvidia` of the wheel's `tensorflow` folder). The headers are kept too (`include`), so
 * that CLAAS_LIBTENSORFLOW of another cache can name this runtime. Ours are moved, others' are linked.
 * @returns names of the libraries in `lib`
 */
export async function assembleLibraries(
  library: LibTensorFlow,
  ownership: LibrarySource['ownership'],
  directory: string,
): Promise<string[]> {
  const place = ownership === 'ours' ? moveFile : linkFile;
  await mkdir(path.join(directory, 'lib'), { recursive: true });
  const names = library.libraries.map((file) => path.basename(file));
  for (const file of library.libraries) await place(file, path.join(directory, 'lib', path.basename(file)));
  const folders = { include: library.includeDirectory, nvidia: library.nvidiaDirectory };
  for (const [name, folder] of Object.entries(folders)) {
    if (folder === null) continue;
    const target = path.join(directory, name);
    await (ownership === 'ours' ? rename(folder, target) : symlink(await realpath(folder), target));
  }
  return names;
}

/** The archive's libraries are links to files with longer names. */
async function moveFile(file: string, target: string): Promise<void> {
  await rename(await realpath(file), target);
}

async function linkFile(file: string, target: string): Promise<void> {
  try {
    await symlink(await realpath(file), target);
  } catch {
    await copyFile(file, target);
  }
}
