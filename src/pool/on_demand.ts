/**
 * Code that most programs do without, or may begin without.
 *
 * @module
 */

import { messageOf } from "../platform/describe.ts";
import { SQLitePoolError } from "./errors.ts";

/** A module that is loaded when it is first needed, and is there in the very call from then on. */
export class OnDemand<M> {
  readonly #name: string;
  readonly #import: () => Promise<M>;
  #module: M | undefined = undefined;
  #loading: Promise<M> | undefined = undefined;

  /**
   * @param name begins the message of the error when it cannot be loaded.
   * @param load imports it; called again after a failure.
   */
  constructor(name: string, load: () => Promise<M>) {
    this.#name = name;
    this.#import = load;
  }

  /** The module; `undefined` before it has been loaded. */
  get now(): M | undefined {
    return this.#module;
  }

  /**
   * Loads the module, once. Those who wait for it go on in the order in which they came, before
   * anybody who finds it there.
   *
   * @throws {SQLitePoolError} it cannot be loaded.
   */
  load(): Promise<M> {
    return this.#loading ??= this.#load();
  }

  async #load(): Promise<M> {
    try {
      return this.#module = await this.#import();
    } catch (cause) {
      this.#loading = undefined;
      throw new SQLitePoolError(
        `${this.#name} could not be loaded: ${messageOf(cause)}. Deploy the package, or what a ` +
          "bundler has made of it, with all its files.",
        { cause },
      );
    }
  }
}
