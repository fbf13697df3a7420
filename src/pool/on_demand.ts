/**
 * Code that is loaded on demand because many programs never need it.
 *
 * @module
 */

import { messageOf } from "../platform/describe.ts";
import { SQLitePoolError } from "./errors.ts";

/** A module that is loaded on first use and available synchronously afterwards. */
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
   * Loads the module once. Callers that wait for it continue in order of arrival, ahead of callers
   * that find it loaded.
   *
   * @throws {SQLitePoolError} when it cannot be loaded.
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
        `${this.#name} could not be loaded: ${messageOf(cause)}. Deploy the package, or ` +
          "its bundle, with all files.",
        { cause },
      );
    }
  }
}
