import type { Progress } from '../progress/progress.js';

/** libtensorflow and its headers, somewhere on this machine. */
export interface LibTensorFlow {
  /** Absolute paths, under the names by which the dynamic linker asks for them. */
  readonly libraries: readonly string[];
  /** With `tensorflow/c/c_api.h`. */
  readonly includeDirectory: string;
  /** NVIDIA's libraries as their wheels lay them out (`<name>/lib/*.so*`); null without CUDA. */
  readonly nvidiaDirectory: string | null;
}

export interface ObtainOptions {
  /** An empty folder, removed at the end. */
  readonly workDirectory: string;
  /** A folder for downloads, kept until a runtime is ready. */
  readonly downloadDirectory: string;
  readonly progress: Progress;
  /** For the log file. */
  readonly onOutput: (text: string) => void;
}

/** One way to come by libtensorflow. */
export interface LibrarySource {
  /** For people: `the tensorflow-cpu 2.21.0 wheel (pip)`. */
  readonly title: string;
  /** Do the files belong to someone else (then they are linked) or to us (then they are moved)? */
  readonly ownership: 'ours' | 'foreign';
  /**
   * Is the version what we chose? Then a failed compilation has another cause than the library, and no other source is
   * worth a download.
   */
  readonly isPinned: boolean;
  /** @throws SourceUnavailable */
  obtain(options: ObtainOptions): Promise<LibTensorFlow>;
}

/** A source has nothing; `message` is a clause for people that says why. */
export class SourceUnavailable extends Error {
  constructor(message: string) {
    super(message.replaceAll(/\s*\n\s*/g, ' ').trim());
    this.name = 'SourceUnavailable';
  }
}
