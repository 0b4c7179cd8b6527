const SUFFIX = /(-init|-latest|-\d{8}-\d{6}(-\d+)?)$/;

/** What the adapters that come from one have in common: its id without `-init` or the time of an earlier distillation. */
export function baseNameOf(loraId: string): string {
  const base = loraId.replace(SUFFIX, '');
  return base === '' || base.endsWith('/') ? loraId : base;
}

/** `<base>-YYYYMMDD-HHMMSS` in UTC; `-2`, `-3`… for a name that is taken. */
export function distilledName(base: string, time: Date, attempt: number): string {
  const stamp = time.toISOString().replace(/[-:]/g, '').replace('T', '-').slice(0, 15);
  return attempt === 1 ? `${base}-${stamp}` : `${base}-${stamp}-${attempt}`;
}
