import { InvalidArgumentError } from "commander";

/** For commander's options: a whole number in a range, or wrong usage. */
export const wholeNumber =
  (minimum: number, maximum: number = Number.MAX_SAFE_INTEGER) =>
  (text: string): number => {
    const value = Number(text);
    if (/^-?\d{1,16}$/.test(text) && value >= minimum && value <= maximum) return value;
    throw new InvalidArgumentError(
      maximum === Number.MAX_SAFE_INTEGER
        ? `It must be a whole number of at least ${minimum}.`
        : `It must be a whole number from ${minimum} to ${maximum}.`,
    );
  };
