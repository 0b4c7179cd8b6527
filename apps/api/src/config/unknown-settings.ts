import { settingDescriptions } from './setting.js';

const OURS = /^(CLAAS_|FEEDBACK_)/;

/** Known to the design and read by a later version: worth another sentence than a misspelling. */
const NOT_YET = /^(CLAAS_TINKER_.*|FEEDBACK_WAKE_ON_FAILURE)$/;

/** Not settings of the service: the trainer, tools/native-runtime (docs/native-runtime.md) or the client reads them. */
const READ_BY_OTHERS = /^CLAAS_(URL|API_KEY|CACHE_DIR|LIBTENSORFLOW(_URL)?|NATIVE_DOWNLOAD_TIMEOUT_S)$/;

/** A sentence for every variable that looks like one of ours and isn't read. */
export function unknownSettingWarnings(environment: Readonly<Record<string, string | undefined>>): string[] {
  const known = [...settingDescriptions().keys()];
  return Object.keys(environment)
    .filter((name) => (OURS.test(name) || NOT_YET.test(name)) && !known.includes(name))
    .filter((name) => !READ_BY_OTHERS.test(name))
    .sort()
    .map((name) => {
      if (NOT_YET.test(name)) return `${name} is set, but this version has nothing that reads it: it is ignored.`;
      const meant = closest(name, known);
      return `${name} is not a setting of this service and is ignored.${meant === null ? '' : ` Did you mean ${meant}?`}`;
    });
}

function closest(name: string, known: readonly string[]): string | null {
  let best: { name: string; distance: number } | null = null;
  for (const candidate of known) {
    const distance = editDistance(name, candidate);
    if (best === null || distance < best.distance) best = { name: candidate, distance };
  }
  return best !== null && best.distance <= Math.max(2, Math.floor(name.length / 4)) ? best.name : null;
}

/** Levenshtein distance, one row at a time. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substitution, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
