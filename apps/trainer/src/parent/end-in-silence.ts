/**
 * Calls `onSilence` once when nothing has come on stdin for `limitMs`. Where a trainer's stdin can't close when its parent
 * dies, as in a Sandbox elsewhere, the parent writes an empty line now and then. Two checks in a row must agree: after a
 * long piece of tensor work the first one runs before what has arrived meanwhile is read.
 */
export function endInSilence(stdin: NodeJS.ReadableStream, limitMs: number, onSilence: () => void): void {
  let lastSign = performance.now();
  let isSuspect = false;
  stdin.on('data', () => {
    lastSign = performance.now();
  });
  const timer = setInterval(
    () => {
      const isSilent = performance.now() - lastSign > limitMs;
      if (isSilent && isSuspect) {
        clearInterval(timer);
        onSilence();
      }
      isSuspect = isSilent;
    },
    Math.min(1_000, limitMs / 4),
  );
  timer.unref();
}
