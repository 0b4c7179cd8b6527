import type { FeedbackRecord, Receipt } from '../client/service-types.js';
import { padEnd } from './cut.js';
import { change, decimal, seconds } from './numbers.js';
import type { Output } from './output.js';
import { onOneLine } from './printable.js';
import { wrapped } from './word-wrap.js';

const MOST_DISLIKED = 3;
/** A gap that keeps more than this share of itself shows little in the next answers. */
const HARDLY_CLOSER = 0.8;
const LABEL_WIDTH = 21;
const INDENT = '  ';
const HARDLY_CLOSER_HINT =
  'Hint: it came only a little closer. More --steps (up to 16), or a larger --learning-rate, teach more.';

/** What a feedback has changed, as a person reads it. */
export function receiptText(record: FeedbackRecord, output: Output): string {
  const { colors, width } = output;
  const { receipt } = record;
  const title = `Learned in ${seconds(record.timing_ms.total)}: ${record.lora_id} is at version ${String(record.version)}.`;
  const lines = [colors.green(wrapped(title, width))];
  if (receipt !== null) {
    const room = width === null ? null : width - INDENT.length - LABEL_WIDTH;
    for (const [label, value] of facts(receipt)) {
      const [first = '', ...more] = wrapped(value, room).split('\n');
      lines.push(`${INDENT}${colors.dim(padEnd(label, LABEL_WIDTH))}${first}`);
      lines.push(...more.map((line) => INDENT + ' '.repeat(LABEL_WIDTH) + line));
    }
    if (isHardlyCloser(receipt)) lines.push(colors.dim(wrapped(HARDLY_CLOSER_HINT, width, '  ')));
    lines.push(...receipt.warnings.map((warning) => colors.yellow(wrapped(`Note: ${warning}`, width, '  '))));
  }
  return lines.join('\n');
}

/** One that went further away has a warning of the service instead. */
function isHardlyCloser({ gap_before, gap_after }: Receipt): boolean {
  return gap_after < gap_before && gap_after > HARDLY_CLOSER * gap_before;
}

function facts(receipt: Receipt): [string, string][] {
  const { gap_before, gap_after, response_logprob_before: before, response_logprob_after: after, verified } = receipt;
  const difference = change(gap_before, gap_after);
  const disliked = mostDisliked(receipt);
  return [
    [
      'gap to the teacher',
      `${decimal(gap_before)} → ${decimal(gap_after)}${difference === null ? '' : ` (${difference})`}`,
    ],
    ['answer’s log-prob', `${decimal(before)} → ${decimal(after)}`],
    ['adapter changed by', adapterChange(receipt)],
    ['served and verified', verified === null ? 'not asked' : `yes, within ${decimal(verified.max_difference)} nats`],
    ...(receipt.compute
      ? [
          ['rented GPU', `${receipt.compute.gpu}, ${seconds(1000 * receipt.compute.seconds)}`] satisfies [
            string,
            string,
          ],
        ]
      : []),
    ...(disliked === '' ? [] : [['least liked', disliked] satisfies [string, string]]),
  ];
}

function adapterChange({ adapter_change, adapter_change_relative }: Receipt): string {
  if (adapter_change_relative === null) return `${decimal(adapter_change)} (norm of all its weights' changes)`;
  return `${decimal(100 * adapter_change_relative)} %`;
}

/** The tokens that the teacher, who knows the feedback, wants least. */
function mostDisliked({ tokens }: Receipt): string {
  return tokens
    .filter(({ signal }) => signal < 0)
    .sort((a, b) => a.signal - b.signal)
    .slice(0, MOST_DISLIKED)
    .map(({ text, signal }) => `"${onOneLine(text)}" ${decimal(signal)}`)
    .join(', ');
}
