import { string } from 'yup';

interface TextRules {
  /** the fewest characters; if there must be some, white space at both ends is not counted, and one can be seen */
  min: number;
  /** the most characters, counted in the same way */
  max: number;
  /** whether line breaks and tabs may occur */
  multiline?: boolean;
}

const control = /\p{Cc}/u;
const controlButLayout = /[^\P{Cc}\n\r\t]/u;
const lone = /\p{Cs}/u;
const visible = /[^\p{White_Space}\p{Default_Ignorable_Code_Point}]/u;

/**
 * Returns the schema of a string that is taken as it is given: well-formed Unicode without control characters, its
 * length counted in characters.
 */
export const text = ({ min, max, multiline = false }: TextRules) =>
  string()
    .typeError('must be a string')
    .meta({
      ...(min > 0 && { minLength: min, description: 'White space at both ends is kept, and not counted.' }),
      maxLength: max,
      pattern: patternOf({ min, multiline }),
    })
    .test((value, { createError }) => {
      if (typeof value !== 'string') return true;
      if (!value.isWellFormed()) return createError({ message: 'must be well-formed Unicode' });
      if ((multiline ? controlButLayout : control).test(value)) {
        return createError({ message: 'must hold no control characters' });
      }
      const length = [...(min > 0 ? value.trim() : value)].length;
      if (length < min || length > max)
        return createError({ message: `must have ${min} to ${max} characters` });
      if (min > 0 && !visible.test(value))
        return createError({ message: 'must hold a character that can be seen' });
      return true;
    });

/** What the test above says of single characters, as one regular expression (with its `u` flag). */
function patternOf({ min, multiline }: { min: number; multiline: boolean }): string {
  const without = [multiline ? controlButLayout : control, lone].map(
    ({ source }) => `(?![\\s\\S]*${source})`,
  );
  return `^${without.join('')}${min > 0 ? `(?=[\\s\\S]*${visible.source})` : ''}`;
}
