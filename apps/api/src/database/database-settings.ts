/** Which database to use. */
export interface DatabaseSettings {
  /** A PostgreSQL connection string; null embeds a database in `directory`. */
  readonly url: string | null;
  /** Of the embedded database: `<data dir>/database`. */
  readonly directory: string;
}
