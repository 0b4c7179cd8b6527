/** Lets a report through only every `intervalMs`, and always when it is `isLast`. */
export function throttle<T>(
  report: (value: T) => void,
  intervalMs: number,
  isLast: (value: T) => boolean,
): (value: T) => void {
  let nextAt = 0;
  return (value) => {
    const now = performance.now();
    if (now < nextAt && !isLast(value)) return;
    nextAt = now + intervalMs;
    report(value);
  };
}
