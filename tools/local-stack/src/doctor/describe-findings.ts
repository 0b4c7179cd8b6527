import picocolors from 'picocolors';
import type { Finding } from './finding.js';

const MARKS = { ok: '✓', warning: '!', problem: '✗' };

/** For people: a line for each finding, and the remedy below it. */
export function describeFindings(findings: readonly Finding[], hasColors: boolean, width: number): string {
  const colors = picocolors.createColors(hasColors);
  const paint = { ok: colors.green, warning: colors.yellow, problem: colors.red };
  const nameWidth = Math.max(...findings.map(({ check }) => check.length));
  const indent = ' '.repeat(nameWidth + 4);
  const lines = findings.flatMap(({ check, status, text, remedy }) => {
    const [first = '', ...more] = wrap(text, width - indent.length);
    return [
      `${paint[status](MARKS[status])} ${check.padEnd(nameWidth)}  ${first}`,
      ...more.map((line) => indent + line),
      ...(remedy === null ? [] : wrap(`→ ${remedy}`, width - indent.length).map((line) => indent + colors.bold(line))),
    ];
  });
  return [...lines, '', summary(findings)].join('\n');
}

function summary(findings: readonly Finding[]): string {
  const count = (status: Finding['status']): number => findings.filter((finding) => finding.status === status).length;
  const problems = count('problem');
  const warnings = count('warning');
  if (problems > 0) return `${problems} to fix before it can start${warnings > 0 ? `, ${warnings} to know` : ''}.`;
  return warnings > 0 ? `It can start; ${warnings} to know.` : 'Everything is fine.';
}

function wrap(text: string, width: number): string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1)!;
    if (line === '') lines[lines.length - 1] = word;
    else if (line.length + 1 + word.length <= width) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines;
}
