import type { NativeSettings } from '../settings/native-settings.js';
import { cArchive } from './c-archive.js';
import { givenDirectory } from './given-directory.js';
import { installedPython } from './installed-python.js';
import type { LibrarySource } from './library-source.js';
import { pipWheel } from './pip-wheel.js';

/** The sources in the order in which they are tried. */
export function chooseSources(settings: NativeSettings): LibrarySource[] {
  if (settings.libtensorflow !== null) return [givenDirectory(settings.libtensorflow, settings.directory)];
  return [installedPython(settings), pipWheel(settings), cArchive(settings)];
}
