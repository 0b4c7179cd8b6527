import { closeSync, mkdirSync, openSync, renameSync, statSync, writeSync } from 'node:fs';
import path from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import picocolors from 'picocolors';
import { readableLine } from './readable-line.js';

export type Source = 'stack' | 'vllm' | 'api' | 'gateway';

export interface Screen {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

const LARGEST_BYTES = 20_000_000;
const NAME_WIDTH = 'gateway'.length;

/** One log of everything: coloured names on the screen, times in a file that is kept for the run before. */
export class StackLog {
  private readonly file: number;
  private readonly paint: Readonly<Record<Source, (text: string) => string>>;

  constructor(
    fileName: string,
    private readonly screen: Screen,
    hasColors: boolean,
  ) {
    mkdirSync(path.dirname(fileName), { recursive: true });
    keepSmall(fileName);
    this.file = openSync(fileName, 'a');
    const colors = picocolors.createColors(hasColors);
    this.paint = { stack: colors.bold, vllm: colors.magenta, api: colors.cyan, gateway: colors.green };
  }

  line(source: Source, text: string): void {
    const plain = stripVTControlCharacters(text).trimEnd();
    if (plain === '') return;
    writeSync(this.file, `${new Date().toISOString()} ${source.padEnd(NAME_WIDTH)} | ${plain}\n`);
    this.screen.write(`${this.paint[source](`${source.padEnd(NAME_WIDTH)} |`)} ${readableLine(plain)}\n`);
  }

  close(): void {
    closeSync(this.file);
  }
}

function keepSmall(fileName: string): void {
  const size = statSync(fileName, { throwIfNoEntry: false })?.size ?? 0;
  if (size > LARGEST_BYTES) renameSync(fileName, `${fileName}.1`);
}
