/**
 * Tells misspelt options from known ones, and names the one that is meant.
 *
 * @module
 */

/**
 * What other libraries call an option (in the form of {@linkcode skeleton}), and what it may be
 * here. Several apply where the same word means different things: `timeout` is the wait for a
 * connection to some, and the wait for a lock to others.
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

/** Throws a TypeError for the first option that is not among `known`, naming the one meant. */
export function refuseUnknownOptions(options: object, known: readonly string[]): void {
  // Every call of a pool comes here: a loop without an array costs a third of Object.keys.
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
