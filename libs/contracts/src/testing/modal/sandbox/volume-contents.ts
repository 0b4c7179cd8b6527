/** The side of the Volumes that a Sandbox mounts: their committed content as a directory, and back. */
export interface VolumeContents {
  /** Makes `directory` what the Volume holds now: files come, change and go; equal ones are left alone. */
  checkout(volumeId: string, directory: string): Promise<void>;
  /** Makes the Volume hold what `directory` holds; paths that are in neither `before` nor `directory` are others' and stay. */
  commit(volumeId: string, directory: string, before: ReadonlySet<string>): Promise<void>;
}
