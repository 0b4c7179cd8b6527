import { ValidateBy, type ValidationOptions } from 'class-validator';

/**
 * A standard field of OpenAI's API that this service can't honour: accepted with the values that ask for nothing,
 * refused with any other, because ignoring it would answer another question than the one asked.
 */
export function AcceptedOnlyAs(neutral: readonly unknown[], options?: ValidationOptions): PropertyDecorator {
  const accepted = neutral.map((value) => JSON.stringify(value));
  return ValidateBy(
    {
      name: 'acceptedOnlyAs',
      validator: {
        validate: (value) => value === null || value === undefined || accepted.includes(JSON.stringify(value)),
        defaultMessage: () =>
          accepted.length === 0
            ? 'is not supported by this service: leave it out'
            : `is supported only as ${accepted.join(' or ')}: leave it out`,
      },
    },
    options,
  );
}
