/**
 * Custom `console.log` output for objects with private fields.
 *
 * @module
 */

type Inspect = (value: unknown, options?: object) => string;

/**
 * Sets what `console.log` shows for the objects of a class, on Node, Bun and Deno.
 *
 * @param type the class; call this in its static block, which can read private fields.
 * @param name the name to show, since minifiers rename classes.
 * @param show returns what to show: never parameters, tokens or rows.
 */
export function showOnConsole<T extends object>(
  type: { readonly prototype: T },
  name: string,
  show: (self: T) => object,
): void {
  const text = (self: T, inspect: Inspect, options: object | undefined): string => {
    try {
      return `${name} ${inspect(show(self), options)}`;
    } catch {
      // The prototype itself does not have the private fields.
      return `[${name}]`;
    }
  };
  const define = (symbol: string, value: unknown): void => {
    Object.defineProperty(type.prototype, Symbol.for(symbol), { value });
  };
  define(
    "nodejs.util.inspect.custom",
    function (this: T, depth: number, options: object, inspect: Inspect): string {
      return depth < 0 ? `[${name}]` : text(this, inspect, options);
    },
  );
  define("Deno.customInspect", function (this: T, inspect: Inspect, options: object): string {
    return text(this, inspect, options);
  });
}
