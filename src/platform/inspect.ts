/**
 * What `console.log` shows of an object whose fields are private.
 *
 * @module
 */

type Inspect = (value: unknown, options?: object) => string;

/**
 * Sets what `console.log` shows of the objects of a class, on Node, Bun and Deno.
 *
 * @param type the class; call this in a static block of it, where private fields can be read.
 * @param name what the objects are called, whatever a minifier makes of the class's name.
 * @param show reads what is worth showing: never parameters, tokens or rows.
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
      // The prototype itself has none of the fields.
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
