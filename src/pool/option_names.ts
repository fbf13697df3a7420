/**
 * Rejects unknown options and suggests the one that was probably meant.
 *
 * @module
 */

/**
 * The names that other libraries use for an option (in the form of {@linkcode skeleton}), and the
 * options they may mean here. Some names are ambiguous: `timeout` is the wait for a connection in
 * some libraries and the wait for a lock in others.
 */
const NAMES_ELSEWHERE: readonly (readonly [name: RegExp, ...meant: string[]])[] = [
  [/^(max|(maximum|max)?(pool)?size|maxconnections|connectionlimit)$/, "poolSize", "readers"],
  [/^(min|minimumidle|min(pool)?(size|connections))$/, "minIdle"],
  [/^timeout$/, "timeoutMs", "acquisitionTimeoutMs", "busyTimeoutMs"],
  [/^(pool|acquire|connection|acquireconnection)timeout$/, "acquisitionTimeoutMs", "timeoutMs"],
  [/^(statement|query)timeout$/, "timeoutMs", "queryTimeoutMs"],
  [/^(create|destroy)timeout$/, "operationTimeoutMs"],
  [/^(maxwaitingclients|queuelimit)$/, "maxWaiting"],
  [/^(safeintegers|readbigints)$/, "intMode"],
  [/^(args|parameters|values)$/, "params"],
  [/^abortsignal$/, "signal"],
];

/** Letters and digits only, without the unit: `idle_timeout` and `idleTimeoutMs` are alike. */
function skeleton(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]/g, "").replace(/(ms|millis|seconds)$/, "");
}

/** Throws a TypeError for the first option that is not in `known`, with a suggestion. */
export function refuseUnknownOptions(options: object, known: readonly string[]): void {
  // Every pool call runs this, and a loop costs a third of Object.keys().
  for (const name in options) {
    if (!known.includes(name) && Object.hasOwn(options, name)) throw unknownOption(name, known);
  }
}

function unknownOption(name: string, known: readonly string[]): TypeError {
  const wanted = skeleton(name);
  const alike = known.filter((other) => skeleton(other) === wanted);
  const [, ...elsewhere] = NAMES_ELSEWHERE.find(([other]) => other.test(wanted)) ?? [];
  const meant = alike.length > 0 ? alike : elsewhere.filter((other) => known.includes(other));
  const inMs = meant.some((other) => other.endsWith("Ms"));
  return new TypeError(
    `Unknown option ${JSON.stringify(name)}. ` +
      (meant.length === 0
        ? `The options are ${known.join(", ")}.`
        : `Did you mean ${meant.join(" or ")}?` + (inMs ? " It is in milliseconds." : "")),
  );
}
