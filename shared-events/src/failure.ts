/**
 * An outcome that a caller is told about by its code. The detail is a sentence the caller can act on; it never
 * holds an internal. HTTP turns it into a problem by one table, so that wrapping stays safe.
 */
export class Failure<Code extends string = string> extends Error {
  readonly code: Code;

  constructor(code: Code, detail: string, options?: ErrorOptions) {
    super(detail, options);
    this.name = 'Failure';
    this.code = code;
  }
}
