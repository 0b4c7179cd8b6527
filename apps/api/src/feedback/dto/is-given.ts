import { ValidateIf } from 'class-validator';

/** Checks a field unless it is left out. Unlike `IsOptional`, null counts as given. */
export function IsGiven(): PropertyDecorator {
  return ValidateIf((_body, value: unknown) => value !== undefined);
}
