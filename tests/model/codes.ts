/** Numbers that decide, one after the other; when there are no more, the simplest is decided. */
export class Codes {
  readonly #codes: readonly number[];
  #used = 0;

  constructor(codes: readonly number[]) {
    this.#codes = codes;
  }

  /** A whole number from 0 up to `below`. */
  next(below: number): number {
    const code = this.#codes[this.#used] ?? 0;
    this.#used += 1;
    return code % below;
  }

  get left(): boolean {
    return this.#used < this.#codes.length;
  }
}
