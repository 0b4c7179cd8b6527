/**
 * A small, fast generator of uniform numbers in [0, 1) that gives the same series for the same seed everywhere.
 * Source: sfc32 of PractRand by Chris Doty-Humphrey, https://pracrand.sourceforge.net/RNG_engines.txt
 * @param seed a whole number of up to 53 bits
 */
export function seededRandom(seed: number): () => number {
  let a = seed >>> 0;
  let b = Math.floor(seed / 2 ** 32) >>> 0;
  let c = 0x9e3779b9;
  let counter = 1;
  const next = (): number => {
    const sum = (a + b + counter) >>> 0;
    counter = (counter + 1) >>> 0;
    a = (b ^ (b >>> 9)) >>> 0;
    b = (c + (c << 3)) >>> 0;
    c = ((c << 21) | (c >>> 11)) >>> 0;
    c = (c + sum) >>> 0;
    return sum;
  };
  // The first outputs still show how alike two seeds are.
  for (let i = 0; i < 16; i++) next();
  return () => next() / 2 ** 32;
}
