import { ValidateBy } from 'class-validator';

const MAX_STOPS = 4;
const MAX_LENGTH = 256;

/** One stop string, or up to four; none of them empty. */
export function IsStop(): PropertyDecorator {
  return ValidateBy({
    name: 'isStop',
    validator: {
      validate: (value: unknown) => {
        const stops: unknown[] = Array.isArray(value) ? value : [value];
        return stops.length <= MAX_STOPS && stops.every(isStopString);
      },
      defaultMessage: () =>
        `stop must be a string or a list of up to ${MAX_STOPS} strings, each of 1 to ${MAX_LENGTH} characters`,
    },
  });
}

function isStopString(value: unknown): boolean {
  return typeof value === 'string' && value.length > 0 && value.length <= MAX_LENGTH;
}
