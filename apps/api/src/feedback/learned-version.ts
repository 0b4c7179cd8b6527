import type { AdapterStore, VersionManifest } from '@claas/contracts';
import type { Feedback } from './feedback.js';

/**
 * The version among the head and its ancestors that learned from this feedback: what makes a feedback apply exactly once.
 * Null when there is none; a version that the head was taken back from doesn't count, since nothing builds on it.
 */
export async function findLearnedVersion(store: AdapterStore, feedback: Feedback): Promise<VersionManifest | null> {
  const manifests = await store.versions(feedback.loraId);
  if (!manifests.some(({ feedbackId }) => feedbackId === feedback.requestId)) return null;
  const kept = new Map(manifests.map((manifest) => [manifest.version, manifest]));
  let ancestor: VersionManifest | undefined = (await store.read(feedback.loraId)).manifest;
  while (ancestor !== undefined && ancestor.feedbackId !== feedback.requestId) {
    ancestor = ancestor.parent === null ? undefined : kept.get(ancestor.parent);
  }
  return ancestor ?? null;
}
