import { readFile } from 'node:fs/promises';
import type { FileProblemReporter } from '../errors/file-problem.js';

/** A JSON object from a file whose fields are read with their types checked; every complaint names file and field. */
export class JsonFields {
  private constructor(
    readonly file: string,
    private readonly object: Readonly<Record<string, unknown>>,
    private readonly fail: FileProblemReporter,
    private readonly path: string,
  ) {}

  /** @throws what `fail` makes of a missing file, bad JSON, or JSON that isn't an object */
  static async read(file: string, fail: FileProblemReporter): Promise<JsonFields> {
    const fields = await JsonFields.readIfPresent(file, fail);
    if (fields === null) throw fail({ file, expected: 'a JSON file', found: 'no such file' });
    return fields;
  }

  /** Null when the file isn't there. */
  static async readIfPresent(file: string, fail: FileProblemReporter): Promise<JsonFields | null> {
    let text: string;
    try {
      text = await readFile(file, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw fail({ file, expected: 'a readable file', found: String(error) }, { cause: error });
    }
    return JsonFields.parse(file, text, fail);
  }

  static parse(file: string, text: string, fail: FileProblemReporter): JsonFields {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (error) {
      throw fail({ file, expected: 'JSON', found: `text that isn't (${String(error)})` }, { cause: error });
    }
    if (!isObject(value)) throw fail({ file, expected: 'a JSON object', found: describe(value) });
    return new JsonFields(file, value, fail, '');
  }

  /** The raw value; undefined when absent. */
  raw(field: string): unknown {
    return Object.hasOwn(this.object, field) ? this.object[field] : undefined;
  }

  /** The whole object. */
  all(): Readonly<Record<string, unknown>> {
    return this.object;
  }

  keys(): string[] {
    return Object.keys(this.object);
  }

  /** Is the field there with a value other than null? */
  has(field: string): boolean {
    const value = this.raw(field);
    return value !== undefined && value !== null;
  }

  /** A whole number of at least 1; `fallback` when absent or null. */
  positiveInteger(field: string, fallback?: number): number {
    const value = this.valueOr(field, fallback);
    if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0) return value;
    throw this.problem(field, 'a positive whole number', value);
  }

  positiveNumber(field: string, fallback?: number): number {
    const value = this.valueOr(field, fallback);
    if (typeof value === 'number' && Number.isFinite(value) && value > 0) return value;
    throw this.problem(field, 'a positive number', value);
  }

  /** Null when absent or null. */
  optionalNumber(field: string): number | null {
    const value = this.valueOr(field, null);
    if (value === null || (typeof value === 'number' && Number.isFinite(value))) return value;
    throw this.problem(field, 'a number or null', value);
  }

  boolean(field: string, fallback?: boolean): boolean {
    const value = this.valueOr(field, fallback);
    if (typeof value === 'boolean') return value;
    throw this.problem(field, 'true or false', value);
  }

  optionalBoolean(field: string): boolean | null {
    const value = this.valueOr(field, null);
    if (value === null || typeof value === 'boolean') return value;
    throw this.problem(field, 'true, false or null', value);
  }

  optionalString(field: string): string | null {
    const value = this.valueOr(field, null);
    if (value === null || typeof value === 'string') return value;
    throw this.problem(field, 'a string or null', value);
  }

  /** Empty when absent or null. */
  strings(field: string): string[] {
    const value = this.valueOr(field, []);
    if (Array.isArray(value) && value.every((entry) => typeof entry === 'string')) return value;
    throw this.problem(field, 'a list of strings', value);
  }

  /** Token ids given as one number or a list; empty when absent or null. */
  tokenIds(field: string): number[] {
    const value = this.valueOr(field, []);
    const ids: unknown[] = Array.isArray(value) ? value : [value];
    if (ids.every((id): id is number => Number.isSafeInteger(id) && (id as number) >= 0)) return ids;
    throw this.problem(field, 'a token id or a list of them', value);
  }

  /** Null when absent or null. */
  nested(field: string): JsonFields | null {
    const value = this.valueOr(field, null);
    if (value === null) return null;
    if (!isObject(value)) throw this.problem(field, 'an object', value);
    return new JsonFields(this.file, value, this.fail, `${this.path}${field}.`);
  }

  /** The error for a field whose value isn't what is wanted; to be thrown by the caller. */
  problem(field: string, expected: string, found: unknown): Error {
    return this.fail({ file: this.file, field: this.path + field, expected, found: describe(found) });
  }

  private valueOr(field: string, fallback: unknown): unknown {
    return this.has(field) || fallback === undefined ? this.raw(field) : fallback;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A value as it reads in an error message: absent, or its JSON, cut. */
function describe(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(value);
  return text.length > 120 ? `${text.slice(0, 120)}…` : text;
}
