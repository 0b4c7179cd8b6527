/**
 * The generator xoshiro128** 1.1 of Blackman and Vigna (https://prng.di.unimi.it/xoshiro128starstar.c), its state filled by SplitMix32.
 * Own and small, so that a seed gives the same adapter on every machine and with every version of Node.
 */
export class SeededRandom {
  private readonly state = new Uint32Array(4);

  /** `stream` tells apart what shares a seed: each name has its own numbers, whatever is drawn elsewhere. */
  constructor(seed: number, stream: string) {
    let word = (Math.trunc(seed) ^ hash(stream)) >>> 0;
    const high = Math.floor(Math.abs(seed) / 2 ** 32) >>> 0;
    for (let i = 0; i < 4; i++) {
      word = (word + 0x9e3779b9) >>> 0;
      this.state[i] = mix(word ^ high);
    }
    if (this.state.every((value) => value === 0)) this.state[0] = 1;
  }

  /** Uniform in [0, 1), 24 bits: each value is a float32. */
  next(): number {
    return (nextWord(this.state) >>> 8) / 2 ** 24;
  }
}

/** One step of xoshiro128**: 32 random bits; the four words of `s` move on. */
export function nextWord(s: Uint32Array): number {
  const result = Math.imul(rotateLeft(Math.imul(s[1]!, 5), 7), 9) >>> 0;
  const shifted = s[1]! << 9;
  s[2]! ^= s[0]!;
  s[3]! ^= s[1]!;
  s[1]! ^= s[2]!;
  s[0]! ^= s[3]!;
  s[2]! ^= shifted;
  s[3] = rotateLeft(s[3]!, 11);
  return result;
}

function rotateLeft(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}

/** SplitMix32's finalizer (that of MurmurHash3). */
function mix(word: number): number {
  let mixed = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/** FNV-1a over UTF-16 code units. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  return value >>> 0;
}
