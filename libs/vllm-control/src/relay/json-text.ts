/**
 * JSON text as it stands: where its members are, without building values, so that what isn't changed stays byte for byte.
 * Texts are Latin-1 readings of UTF-8 bytes: one character is one byte, and all of JSON's own characters are ASCII.
 */
export interface Span {
  readonly from: number;
  readonly to: number;
}

const QUOTE = 34;
const COMMA = 44;
const BACKSLASH = 92;
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [91, 93, 123, 125];
const SPACE = 32;
/** Found by the engine faster than by a loop over characters. */
const STRUCTURE = /["[\]{}]/g;

/** Calls `visit` with each key of the object that begins at `at` and the place of its value. @returns where the object ends */
export function forEachMember(text: string, at: number, visit: (key: string, value: Span) => void): number {
  let i = expect(text, at, OPEN_OBJECT);
  for (i = skipSpace(text, i); text.charCodeAt(i) !== CLOSE_OBJECT; i = skipComma(text, i)) {
    const keyEnd = skipString(text, i);
    const key = text.slice(i + 1, keyEnd - 1);
    const from = skipSpace(text, skipSpace(text, keyEnd) + 1);
    i = skipValue(text, from);
    visit(key, { from, to: i });
  }
  return i + 1;
}

/** Calls `visit` with where each item of the list at `at` begins. @returns where the list ends */
export function forEachItem(text: string, at: number, visit: (item: Span) => void): number {
  let i = expect(text, at, OPEN_LIST);
  for (i = skipSpace(text, i); text.charCodeAt(i) !== CLOSE_LIST; i = skipComma(text, i)) {
    const from = i;
    i = skipValue(text, from);
    visit({ from, to: i });
  }
  return i + 1;
}

/** The value at `span`, its strings as bytes (Latin-1): for whoever looks at numbers only. */
export function plainValueAt(text: string, { from, to }: Span): unknown {
  return JSON.parse(text.slice(from, to));
}

/** The value at `span`. */
export function valueAt(text: string, { from, to }: Span): unknown {
  return JSON.parse(Buffer.from(text.slice(from, to), 'latin1').toString('utf8'));
}

/** Where the value that begins at `at` ends. @throws SyntaxError */
export function skipValue(text: string, at: number): number {
  const first = text.charCodeAt(at);
  if (first === QUOTE) return skipString(text, at);
  if (first === OPEN_OBJECT || first === OPEN_LIST) return skipNested(text, at);
  let i = at;
  while (i < text.length && !isDelimiter(text.charCodeAt(i))) i += 1;
  if (i === at) throw broken(at);
  return i;
}

function skipNested(text: string, at: number): number {
  let depth = 0;
  STRUCTURE.lastIndex = at;
  while (STRUCTURE.test(text)) {
    const i = STRUCTURE.lastIndex - 1;
    const code = text.charCodeAt(i);
    if (code === QUOTE) STRUCTURE.lastIndex = skipString(text, i);
    else if (code === OPEN_OBJECT || code === OPEN_LIST) depth += 1;
    else {
      depth -= 1;
      if (depth === 0) return i + 1;
    }
  }
  throw broken(text.length);
}

function skipString(text: string, at: number): number {
  if (text.charCodeAt(at) !== QUOTE) throw broken(at);
  for (let end = text.indexOf('"', at + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === BACKSLASH) backslashes += 1;
    if (backslashes % 2 === 0) return end + 1;
  }
  throw broken(text.length);
}

function skipComma(text: string, at: number): number {
  const i = skipSpace(text, at);
  if (i >= text.length) throw broken(i);
  return text.charCodeAt(i) === COMMA ? skipSpace(text, i + 1) : i;
}

function skipSpace(text: string, at: number): number {
  let i = at;
  while (text.charCodeAt(i) <= SPACE) i += 1;
  return i;
}

function expect(text: string, at: number, code: number): number {
  if (text.charCodeAt(at) !== code) throw broken(at);
  return at + 1;
}

function isDelimiter(code: number): boolean {
  return code <= SPACE || code === COMMA || code === CLOSE_LIST || code === CLOSE_OBJECT;
}

function broken(at: number): SyntaxError {
  return new SyntaxError(`The text is no JSON at ${at}.`);
}
