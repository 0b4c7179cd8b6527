/** Another process has the embedded database open. Several processes can share one on a server. */
export class DatabaseInUseError extends Error {
  constructor(
    readonly place: string,
    readonly owner: string,
  ) {
    super(`The database ${place} is in use by ${owner}. Stop that process first, or give both a PostgreSQL to share (CLAAS_DATABASE_URL).`);
    this.name = 'DatabaseInUseError';
  }
}
