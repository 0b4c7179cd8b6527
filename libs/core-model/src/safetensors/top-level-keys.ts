/**
 * The keys of a JSON object's outermost level, in order and with repetitions, which `JSON.parse` hides.
 * @param text valid JSON of an object
 */
export function topLevelKeys(text: string): string[] {
  const keys: string[] = [];
  const stringLiteral = /"(?:[^"\\]|\\.)*"/y;
  let depth = 0;
  let keyMayFollow = false;
  for (let position = 0; position < text.length; position++) {
    const character = text[position];
    if (character === '"') {
      stringLiteral.lastIndex = position;
      const literal = stringLiteral.exec(text)?.[0] ?? '';
      if (depth === 1 && keyMayFollow) keys.push(JSON.parse(literal) as string);
      keyMayFollow = false;
      position += literal.length - 1;
    } else if (character === '{' || character === '[') {
      depth++;
      keyMayFollow = depth === 1;
    } else if (character === '}' || character === ']') {
      depth--;
    } else if (character === ',') {
      keyMayFollow = depth === 1;
    }
  }
  return keys;
}
