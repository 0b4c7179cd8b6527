import { Module } from '@nestjs/common';
import { Database } from '../database/database.js';
import { InteractionRepository } from './interaction-repository.js';

@Module({
  providers: [
    {
      provide: InteractionRepository,
      inject: [Database],
      useFactory: (database: Database) => new InteractionRepository(database),
    },
  ],
  exports: [InteractionRepository],
})
export class InteractionsModule {}
