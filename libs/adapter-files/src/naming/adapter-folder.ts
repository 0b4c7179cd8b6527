/** `~` can't occur in an id, so that no two ids share a folder. */
export function folderOf(loraId: string): string {
  return loraId.replaceAll('/', '~');
}

export function idOfFolder(folder: string): string {
  return folder.replaceAll('~', '/');
}
