import { Module } from '@nestjs/common';
import { FeedbackModule } from '../feedback/feedback.module.js';
import { AdapterChanges } from './adapter-changes.js';
import { AdapterCreation } from './adapter-creation.js';
import { AdaptersController } from './adapters.controller.js';

/** Adapters from creation to deletion. */
@Module({ imports: [FeedbackModule], controllers: [AdaptersController], providers: [AdapterCreation, AdapterChanges] })
export class AdaptersModule {}
