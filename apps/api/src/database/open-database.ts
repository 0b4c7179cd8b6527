import type { DatabaseSettings } from './database-settings.js';
import type { Database } from './database.js';

/** Opens, locks and migrates the database that the settings name; each driver is loaded only where it is used. */
export async function openDatabase(settings: DatabaseSettings): Promise<Database> {
  if (settings.url === null) {
    const { EmbeddedDatabase } = await import('./embedded-database.js');
    return EmbeddedDatabase.open(settings.directory);
  }
  const { ServerDatabase } = await import('./server-database.js');
  return ServerDatabase.open(settings.url);
}
