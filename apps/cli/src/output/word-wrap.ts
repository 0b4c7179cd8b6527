import stringWidth from 'string-width';

/** Breaks a text that comes in pieces between words, so that a terminal doesn't break them in the middle. */
export class WordWrap {
  private column = 0;
  private word = '';
  private space = '';

  constructor(
    private readonly width: number,
    private readonly indent: string,
  ) {}

  /** What can be written now; the last word waits until it is complete. */
  add(text: string): string {
    let ready = '';
    for (const piece of text.split(/(\n|[ \t]+)/)) {
      if (piece === '') continue;
      if (piece === '\n') {
        ready += `${this.takeWord()}\n`;
        this.column = 0;
        this.space = '';
      } else if (piece.trim() === '') {
        ready += this.takeWord();
        this.space += piece;
      } else {
        this.word += piece;
      }
    }
    return ready;
  }

  /** What is left. */
  end(): string {
    return this.takeWord();
  }

  private takeWord(): string {
    const { word, space } = this;
    if (word === '') return '';
    this.word = '';
    this.space = '';
    const wordWidth = stringWidth(word);
    if (this.column === 0) {
      this.column = this.indent.length + stringWidth(space) + wordWidth;
      return this.indent + space + word;
    }
    if (this.column + stringWidth(space) + wordWidth > this.width) {
      this.column = this.indent.length + wordWidth;
      return `\n${this.indent}${word}`;
    }
    this.column += stringWidth(space) + wordWidth;
    return space + word;
  }
}

/** A whole text, wrapped. Null: as it is. */
export function wrapped(text: string, width: number | null, indent = ''): string {
  const wrap = new WordWrap(width ?? Infinity, indent);
  return wrap.add(text) + wrap.end();
}
