import { ClaasError } from '@claas/contracts';
import pg from 'pg';
import { withoutPassword } from './without-password.js';

const CONNECT_TIMEOUT_MS = 10_000;
/**
 * The server ends a connection that has said nothing for so long. A process that is killed loses its connections at once;
 * this is for one that stands still (paused, cut off) and would keep its locks.
 */
export const SILENCE_MS = 30_000;
/** Known to PostgreSQL 14 and later; an older server keeps the locks of a process that stands still until that is killed. */
const SESSION_PARAMETERS = { idle_session_timeout: String(SILENCE_MS), client_connection_check_interval: '5000' };

/** A connection outside of the pool, whose end the server notices soon. @throws ClaasError `storage_unavailable` */
export async function connectClient(url: string, name: string): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: url,
    application_name: name,
    keepAlive: true,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
  });
  // Without a listener, a connection that breaks would end the process.
  client.on('error', () => undefined);
  try {
    await client.connect();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ClaasError(
      'storage_unavailable',
      `The database ${withoutPassword(url)} can't be reached: ${reason}. Check CLAAS_DATABASE_URL and that the server runs.`,
      {},
      { cause: error },
    );
  }
  for (const [parameter, value] of Object.entries(SESSION_PARAMETERS)) {
    await client.query('select set_config($1, $2, false)', [parameter, value]).catch(() => undefined);
  }
  return client;
}
