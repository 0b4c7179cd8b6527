/**
 * The bytes that an entry of a byte-level vocabulary stands for: GPT-2's printable letter for each byte, undone.
 * Source: https://github.com/openai/gpt-2/blob/master/src/encoder.py (bytes_to_unicode)
 */
export function byteLevelBytes(entry: string): Uint8Array {
  return Uint8Array.from(entry, (letter) => BYTE_OF_LETTER.get(letter) ?? 0);
}

const BYTE_OF_LETTER = lettersToBytes();

/** Printable Latin-1 stands for itself; the other bytes follow from U+0100, in order. */
function lettersToBytes(): Map<string, number> {
  const bytes = new Map<string, number>();
  let next = 0x100;
  for (let byte = 0; byte < 256; byte++) {
    const printable = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
    bytes.set(String.fromCodePoint(printable ? byte : next++), byte);
  }
  return bytes;
}
