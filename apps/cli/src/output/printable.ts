/** All control characters but tab and line feed: a model's answer must not move the cursor or set the clipboard. */

const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

export function printable(text: string): string {
  return text.replace(/\r\n/g, '\n').replace(CONTROL, '');
}

/** A short text on one line. */
export function onOneLine(text: string): string {
  return printable(text.replace(/\s+/g, ' ').trim());
}
