/** One rule of the workspace. `run` returns what breaks it, a line each; nothing when it holds. */
export interface StructureCheck {
  readonly title: string;
  run(workspace: Workspace): Promise<readonly string[]>;
}

export interface WorkspaceProject {
  /** Folder name, which is also the package name after `@claas/`. */
  readonly name: string;
  /** Relative to the root. */
  readonly folder: string;
  readonly tags: readonly string[];
  readonly scripts: Readonly<Record<string, string>>;
}

export interface Workspace {
  /** Absolute path. */
  readonly root: string;
  readonly projects: readonly WorkspaceProject[];
  /** For each project, the projects of ours that it may import. */
  readonly allowedArrows: Readonly<Record<string, readonly string[]>>;
  /** For each pattern of packages ("@scope/*"), the projects that may import them. */
  readonly restrictedPackages: Readonly<Record<string, readonly string[]>>;
}
