import type { AdapterStore, VersionManifest } from '@claas/contracts';
import type { Feedback } from './feedback.js';

/** The kept version that learned from this feedback: what makes a feedback apply exactly once. Null when there is none. */
export async function findLearnedVersion(store: AdapterStore, feedback: Feedback): Promise<VersionManifest | null> {
  const manifests = await store.versions(feedback.loraId);
  return manifests.find(({ feedbackId }) => feedbackId === feedback.requestId) ?? null;
}
