const EMOJI = /\p{Extended_Pictographic}/u;

/** Words that say nothing about a fact. */
const STOP_WORDS = new Set(
  (
    'a an the is are was of to in and or it that you i can for with on at this as by be your my me do from have has ' +
    'who what not but then than one some its their them they so all'
  ).split(' '),
);

const FACT_SHARE = 0.7;

export function hasEmoji(answer: string): boolean {
  return EMOJI.test(answer);
}

export function saysName(answer: string, name: string): boolean {
  return answer.includes(name);
}

/**
 * Does the answer state the fact? At least 70 % of the content words of one way to say it are in the answer;
 * the measure of the model's own card. `{n}` in a fact stands for the assistant's name.
 */
export function statesFact(answer: string, facts: readonly string[], assistantName: string): boolean {
  const said = new Set(contentWords(answer));
  return facts.some((fact) => {
    const wanted = contentWords(fact.replaceAll('{n}', assistantName).replaceAll('{s}', ''));
    return wanted.filter((word) => said.has(word)).length >= FACT_SHARE * Math.max(1, wanted.length);
  });
}

function contentWords(text: string): string[] {
  return (text.toLowerCase().match(/[a-z0-9]+/g) ?? []).filter((word) => !STOP_WORDS.has(word));
}
