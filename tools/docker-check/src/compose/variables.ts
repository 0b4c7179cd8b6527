/** A `${NAME…}` of a compose file. */
export interface Variable {
  readonly name: string;
  /** Null where there is none; empty for `${NAME:-}`. */
  readonly otherwise: string | null;
  /** The words of `${NAME:?words}`; null where an unset variable is no error. */
  readonly refusal: string | null;
}

const VARIABLE = /\$\{([A-Z][A-Z0-9_]*)(?::(-|\?)([^}]*))?\}/g;

export function variablesOf(text: string): readonly Variable[] {
  return [...text.matchAll(VARIABLE)].map(([, name, kind, words]) => ({
    name: name!,
    otherwise: kind === '-' ? words! : null,
    refusal: kind === '?' ? words! : null,
  }));
}

/** `text` with its variables replaced, as `docker compose` does it. @throws Error for a required one that is missing */
export function interpolate(text: string, values: Readonly<Record<string, string>>): string {
  return text.replace(VARIABLE, (_, name: string, kind: string | undefined, words: string | undefined) => {
    const value = values[name] ?? '';
    if (value !== '' || kind === undefined) return value;
    if (kind === '?') throw new Error(`${name}: ${words ?? ''}`);
    return words ?? '';
  });
}
