import { FeedbackRepository } from '../../feedback/feedback-repository.js';
import { sampleNewFeedback } from '../../feedback/testing/sample-feedback.js';
import { openDatabase } from '../open-database.js';

/** Accepts feedbacks until it is killed; says the id of each once it is accepted. */
const [url = '', directory = ''] = process.argv.slice(2);
const database = await openDatabase({ url: url === '' ? null : url, directory });
const repository = new FeedbackRepository(database);
console.log('open');
for (;;) {
  const feedback = await repository.insert(sampleNewFeedback());
  if (feedback === null) throw new Error('Not inserted.');
  console.log(`accepted ${feedback.requestId}`);
}
