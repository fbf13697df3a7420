/**
 * A cache of what is known about SQL texts.
 *
 * @module
 */

/** Longer texts are not cached: they rarely repeat, and running them takes long anyway. */
export const MOST_CHARACTERS_OF_A_TEXT = 4_096;

/** The total length of all texts: a thousand of typical length. */
const MOST_CHARACTERS = 256 * 1024;

/** The overhead of an entry, in characters. */
const CHARACTERS_OF_AN_ENTRY = 100;

interface Entry<V> {
  readonly text: string;
  value: V;
  older: Entry<V> | undefined;
  newer: Entry<V> | undefined;
}

/** Values by SQL text, of bounded size. The least recently used texts are evicted first. */
export class TextCache<V> {
  readonly #entries = new Map<string, Entry<V>>();
  readonly #onForget: ((value: V, text: string) => void) | undefined;
  /** The ends of a list in order of use, since reordering a `Map` takes twice as long. */
  #oldest: Entry<V> | undefined;
  #newest: Entry<V> | undefined;
  #characters = 0;

  /** @param onForget Called for each evicted entry; it must not throw. */
  constructor(onForget?: (value: V, text: string) => void) {
    this.#onForget = onForget;
  }

  /** The number of cached texts. */
  get size(): number {
    return this.#entries.size;
  }

  /**
   * Returns the value of a text and marks it as used.
   *
   * @param text The text.
   */
  get(text: string): V | undefined {
    const newest = this.#newest;
    if (newest !== undefined && newest.text === text) return newest.value;
    const entry = this.#entries.get(text);
    if (entry === undefined) return undefined;
    this.#unlink(entry);
    this.#append(entry);
    return entry.value;
  }

  /**
   * Caches a value, evicting others as needed.
   *
   * @param text The text.
   * @param value What is known about it.
   * @returns Whether it was cached; false if the text is too long.
   */
  set(text: string, value: V): boolean {
    if (text.length > MOST_CHARACTERS_OF_A_TEXT) return false;
    this.delete(text);
    const entry: Entry<V> = { text, value, older: undefined, newer: undefined };
    this.#entries.set(text, entry);
    this.#append(entry);
    this.#characters += sizeOf(text);
    while (this.#characters > MOST_CHARACTERS) this.#forgetOldest();
    return true;
  }

  /**
   * Removes a text.
   *
   * @param text The text.
   */
  delete(text: string): void {
    const entry = this.#entries.get(text);
    if (entry === undefined) return;
    this.#entries.delete(text);
    this.#unlink(entry);
    this.#characters -= sizeOf(text);
  }

  /** Removes all of them. */
  clear(): void {
    this.#entries.clear();
    this.#oldest = this.#newest = undefined;
    this.#characters = 0;
  }

  /** Iterates over all entries, least recently used first. */
  *[Symbol.iterator](): IterableIterator<[text: string, value: V]> {
    for (let entry = this.#oldest; entry !== undefined; entry = entry.newer) {
      yield [entry.text, entry.value];
    }
  }

  #forgetOldest(): void {
    const { text, value } = this.#oldest!;
    this.delete(text);
    this.#onForget?.(value, text);
  }

  #append(entry: Entry<V>): void {
    entry.older = this.#newest;
    entry.newer = undefined;
    if (this.#newest === undefined) this.#oldest = entry;
    else this.#newest.newer = entry;
    this.#newest = entry;
  }

  #unlink({ older, newer }: Entry<V>): void {
    if (older === undefined) this.#oldest = newer;
    else older.newer = newer;
    if (newer === undefined) this.#newest = older;
    else newer.older = older;
  }
}

function sizeOf(text: string): number {
  return text.length + CHARACTERS_OF_AN_ENTRY;
}
