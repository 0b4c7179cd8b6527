import { join } from 'node:path';
import { Global, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { SETTINGS, type Settings } from '../config/settings.js';
import { Database } from './database.js';
import { openDatabase } from './open-database.js';

/** Gives every module the one {@link Database}, opened before anything else starts and closed after it. */
@Global()
@Module({
  providers: [
    {
      provide: Database,
      inject: [SETTINGS],
      useFactory: ({ databaseUrl, dataDirectory }: Settings) =>
        openDatabase({ url: databaseUrl, directory: join(dataDirectory, 'database') }),
    },
  ],
  exports: [Database],
})
export class DatabaseModule implements OnApplicationShutdown {
  constructor(@Inject(Database) private readonly database: Database) {}

  async onApplicationShutdown(): Promise<void> {
    await this.database.close();
  }
}
