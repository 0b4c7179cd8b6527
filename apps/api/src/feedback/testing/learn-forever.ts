import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseAdapterId } from '@claas/contracts';
import { openDatabase } from '../../database/open-database.js';
import { FeedbackWorld } from './feedback-world.js';

/** Accepts and learns feedbacks until it is killed; says the id of each once it is accepted. */
const [folder = '', id = ''] = process.argv.slice(2);
const database = await openDatabase({ url: null, directory: join(folder, 'database') });
const options = { database, root: join(folder, 'loras'), logDirectory: join(folder, 'log') };
const world = await FeedbackWorld.start(options);
const adapters = await world.store.list();
const loraId = adapters.length === 0 ? await world.initAdapter(id) : parseAdapterId(id);
for (;;) {
  const feedback = await world.accept(loraId);
  console.log(`accepted ${feedback.requestId}`);
  await delay(Math.random() * 40);
}
