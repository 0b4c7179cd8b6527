import { SeededRandom } from '@claas/core-sdpo';

/** Standard deviation of the weights: that with which Qwen3 is initialised. */
const DEVIATION = 0.02;
/** Values that are drawn once; a weight is a sequence of 16-bit indices into them. */
const POOL = 2 ** 16;

/** Fills memory with normally distributed bfloat16 numbers, a gigabyte in seconds; the same seed and name give the same bytes. */
export class RandomBfloat16 {
  private readonly pool = new Uint16Array(POOL);

  constructor(private readonly seed: number) {
    const random = new SeededRandom(seed, 'pool');
    for (let i = 0; i < POOL; i++) {
      // Box and Muller; 1 − u lies in (0, 1].
      const radius = Math.sqrt(-2 * Math.log(1 - random.next()));
      this.pool[i] = bfloat16(DEVIATION * radius * Math.cos(2 * Math.PI * random.next()));
    }
  }

  /** @returns a function that fills the next part of the weight `name` */
  of(name: string): (numbers: Uint16Array) => void {
    const start = new SeededRandom(this.seed, name);
    let word = Math.floor(start.next() * 2 ** 24) * 256 + 1;
    return (numbers) => {
      for (let i = 0; i < numbers.length; i++) {
        // xorshift32 of Marsaglia; its upper half is the better one.
        word ^= word << 13;
        word ^= word >>> 17;
        word ^= word << 5;
        numbers[i] = this.pool[word >>> 16]!;
      }
    };
  }
}

/** The upper half of a float32, rounded to nearest. */
export function bfloat16(value: number): number {
  const bits = new Uint32Array(Float32Array.of(value).buffer)[0]!;
  return (bits + 0x8000) >>> 16;
}
