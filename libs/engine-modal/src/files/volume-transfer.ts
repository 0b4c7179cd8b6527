/** Files between this machine and the Volume, over Modal's API. Directories are flat; paths are relative to the Volume's root. */
export abstract class VolumeTransfer {
  /** Puts files of a local directory into a directory of the Volume, and waits until they are committed. */
  abstract upload(localDirectory: string, names: readonly string[], path: string): Promise<void>;
  /** Brings files of a directory of the Volume into a local one. */
  abstract download(path: string, names: readonly string[], localDirectory: string): Promise<void>;
  /** Names of the files directly in a directory of the Volume; none where there is no such directory. */
  abstract list(path: string): Promise<string[]>;
}
