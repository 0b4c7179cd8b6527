import { describe, expect, it } from 'vitest';
import { StopStringFilter } from './stop-string-filter.js';

function passes(stops: readonly string[], pieces: readonly string[]): { shown: string[]; stopped: boolean } {
  const filter = new StopStringFilter(stops);
  const shown = pieces.map((piece) => filter.push(piece));
  return { shown: [...shown, filter.flush()], stopped: filter.stopped };
}

describe('the stop string filter', () => {
  it('lets text through at once when nothing could be a stop string', () => {
    expect(passes(['END'], ['Hello', ' there'])).toEqual({ shown: ['Hello', ' there', ''], stopped: false });
    expect(passes([], ['Hello'])).toEqual({ shown: ['Hello', ''], stopped: false });
  });

  it('ends before a stop string within one piece', () => {
    expect(passes(['END'], ['one END two', ' three'])).toEqual({ shown: ['one ', '', ''], stopped: true });
  });

  it('holds back the beginning of a stop string that comes in pieces', () => {
    expect(passes(['\nUser:'], ['Yes.\n', 'Us', 'er', ': no'])).toEqual({
      shown: ['Yes.', '', '', '', ''],
      stopped: true,
    });
  });

  it('gives back what turns out to be no stop string', () => {
    expect(passes(['\nUser:'], ['Yes.\n', 'Us', 'eful'])).toEqual({
      shown: ['Yes.', '', '\nUseful', ''],
      stopped: false,
    });
    expect(passes(['aab'], ['a', 'a', 'a', 'b!'])).toEqual({ shown: ['', '', 'a', '', ''], stopped: true });
  });

  it('gives back at the end what was still held', () => {
    expect(passes(['END'], ['the E', 'N'])).toEqual({ shown: ['the ', '', 'EN'], stopped: false });
  });

  it('stops at the earliest of several', () => {
    expect(passes(['two', 'one'], ['zero one two'])).toEqual({ shown: ['zero ', ''], stopped: true });
  });

  it('takes no notice of an empty stop string', () => {
    expect(passes([''], ['abc'])).toEqual({ shown: ['abc', ''], stopped: false });
  });
});
