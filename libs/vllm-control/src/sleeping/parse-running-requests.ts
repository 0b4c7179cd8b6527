const REQUESTS = /^vllm:num_requests_(?:running|waiting)(?:\{[^}]*\})?\s+(\S+)/gm;

/** Requests that a server runs or has queued, over all of its engines, from its Prometheus page; null when the page doesn't say. */
export function parseRunningRequests(page: string): number | null {
  const counts = [...page.matchAll(REQUESTS)].map(([, count]) => Number(count));
  if (counts.length === 0 || counts.some(Number.isNaN)) return null;
  return counts.reduce((sum, count) => sum + count, 0);
}
