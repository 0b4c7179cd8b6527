/** Enough digits to compare by: 0.0298, -10.68, 1234.5. */
export function decimal(value: number): string {
  if (value === 0) return '0';
  const digits = Math.max(0, Math.min(6, 3 - Math.floor(Math.log10(Math.abs(value)))));
  return minus(
    value.toFixed(Math.min(digits, 4)) === '0.0000' ? value.toExponential(1) : value.toFixed(Math.min(digits, 4)),
  );
}

/** "+12 %", "−89 %"; null where there is nothing to compare with. */
export function change(before: number, after: number): string | null {
  if (before === 0) return null;
  const percent = Math.round((100 * (after - before)) / Math.abs(before));
  return `${percent > 0 ? '+' : ''}${minus(String(percent))} %`;
}

export function seconds(milliseconds: number): string {
  const value = milliseconds / 1000;
  if (value < 60) return `${value.toFixed(value < 10 ? 1 : 0)} s`;
  const whole = Math.round(value);
  return `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

export function bytes(count: number): string {
  if (count < 1000) return `${count} B`;
  const units = ['kB', 'MB', 'GB', 'TB'];
  let value = count / 1000;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value.toFixed(value < 10 ? 1 : 0)} ${units[unit]!}`;
}

/** "2026-11-25 14:09", in this machine's time zone. */
export function localTime(iso: string): string {
  const time = new Date(iso);
  const two = (part: number): string => String(part).padStart(2, '0');
  const day = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
  return `${day} ${two(time.getHours())}:${two(time.getMinutes())}`;
}

function minus(text: string): string {
  return text.replace('-', '−');
}
