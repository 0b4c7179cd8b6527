import { LineDecoder } from '@claas/contracts';

/** Calls `onLine` for each line of stdin, and `onEnd` once when it closes: the parent is gone, or wants this process gone. */
export function readStdin(onLine: (line: string) => void, onEnd: (reason: string) => void): void {
  const decoder = new LineDecoder();
  process.stdin.on('data', (chunk: Buffer) => {
    try {
      decoder.push(chunk).forEach(onLine);
    } catch (error) {
      onEnd(error instanceof Error ? error.message : String(error));
    }
  });
  process.stdin.on('end', () => {
    onEnd('stdin was closed');
  });
  process.stdin.on('error', (error) => {
    onEnd(error.message);
  });
}
