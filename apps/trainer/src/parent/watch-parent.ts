import { Worker } from 'node:worker_threads';

/**
 * Ends this process when its parent is gone. The end of stdin says so too, but it is only read between two pieces of
 * tensor work; the thread that is started here notices within half a second also in the middle of one.
 */
export function watchParent(): void {
  const worker = new Worker(new URL('./parent-watch-thread.js', import.meta.url), { workerData: process.ppid });
  worker.unref();
}
