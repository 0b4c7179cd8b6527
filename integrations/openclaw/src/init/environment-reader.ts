export type Environment = Readonly<Record<string, string | undefined>>;

/** Reads variables, and collects what is wrong with them; an empty variable counts as none. */
export class EnvironmentReader {
  readonly problems: string[] = [];

  constructor(private readonly environment: Environment) {}

  text(name: string): string | null {
    return this.environment[name]?.trim() || null;
  }

  wholeNumber(name: string, least: number): number | null {
    const text = this.text(name);
    if (text === null) return null;
    const value = Number(text);
    if (Number.isInteger(value) && value >= least) return value;
    this.refuse(name, `a whole number, ${least} or more`);
    return null;
  }

  oneOf<T extends string>(name: string, choices: readonly T[]): T | null {
    const text = this.text(name);
    const choice = choices.find((candidate) => candidate === text) ?? null;
    if (text !== null && choice === null) this.refuse(name, choices.join(' or '));
    return choice;
  }

  matching(name: string, pattern: RegExp, expected: string): string | null {
    const text = this.text(name);
    if (text !== null && !pattern.test(text)) this.refuse(name, expected);
    return text;
  }

  object(name: string, example: string): Readonly<Record<string, unknown>> | null {
    const text = this.text(name);
    if (text === null) return null;
    const value = parseJson(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
    this.refuse(name, `a JSON object such as ${example}`);
    return null;
  }

  private refuse(name: string, expected: string): void {
    this.problems.push(`${name} must be ${expected}`);
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
