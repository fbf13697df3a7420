/**
 * What may be told of a statement: its text without the literals in it, and a summary.
 *
 * @module
 */

/** Strings, blobs, comments, names in quotes, words, numbers; whatever else is left as it is. */
const TOKENS =
  /(?<hidden>[xX]?'(?:[^']|'')*(?:'|$)|(?<![\w$?])(?:0[xX][\da-fA-F_]+|(?:\d[\d_]*)?\.?\d[\d_]*(?:[eE][+-]?\d+)?))|(?<comment>--[^\n]*|\/\*[^]*?(?:\*\/|$))|(?<name>"(?:[^"]|"")*"|`[^`]*`|\[[^\]]*\]|[A-Za-z_][\w$]*(?:\.[A-Za-z_][\w$]*)*)/g;

/**
 * The text with a question mark for each literal, and without comments, which may hold one too.
 *
 * @param sql any text, also one that is not correct.
 * @returns the text, on one line.
 */
export function sanitize(sql: string): string {
  return sql.replaceAll(TOKENS, (token, ...rest) => {
    const { hidden, comment } = rest.at(-1) as Record<string, string | undefined>;
    if (comment !== undefined) return " ";
    return hidden === undefined ? token : "?";
  }).replaceAll(/\s+/g, " ").trim();
}

/** Words after which the name of a table, an index, a view or a trigger comes. */
const BEFORE_TARGET: ReadonlySet<string> = new Set(["FROM", "JOIN", "INTO"]);
const OPERATIONS: ReadonlySet<string> = new Set(["SELECT", "INSERT", "UPDATE", "DELETE"]);
const DEFINITIONS: ReadonlySet<string> = new Set(["CREATE", "ALTER", "DROP"]);
const KINDS: ReadonlySet<string> = new Set(["TABLE", "INDEX", "VIEW", "TRIGGER"]);
/** Between a word and its target: IF NOT EXISTS, OR IGNORE. */
const SKIPPED: ReadonlySet<string> = new Set(
  ["IF", "NOT", "EXISTS", "OR", "IGNORE", "ABORT", "FAIL", "ROLLBACK", "REPLACE"],
);
/** As long as the conventions allow. */
const LONGEST = 255;

/**
 * What a statement does to what, such as "SELECT users orders": few different ones, as the
 * conventions ask of `db.query.summary`.
 *
 * @param sql any text.
 * @returns the summary; `undefined` for a text without a word.
 */
export function summarize(sql: string): string | undefined {
  const words = [...sql.matchAll(TOKENS)]
    .map(({ groups }) => groups?.name)
    .filter((name) => name !== undefined);
  const parts: string[] = [];
  let expects: "anything" | "target" = "anything";
  for (const [index, word] of words.entries()) {
    const keyword = word.toUpperCase();
    if (expects === "target") {
      if (SKIPPED.has(keyword)) continue;
      expects = "anything";
      // After FROM ( there is no name.
      if (!OPERATIONS.has(keyword)) {
        parts.push(word.replace(/^["`[](.*)["`\]]$/, "$1"));
        // What a trigger or a view does is not done now.
        if (DEFINITIONS.has(parts[0].split(" ")[0])) break;
        continue;
      }
    }
    if (KINDS.has(keyword) && DEFINITIONS.has(parts[0])) {
      parts[0] += ` ${keyword}`;
      expects = "target";
    } else if (BEFORE_TARGET.has(keyword)) expects = "target";
    else if (OPERATIONS.has(keyword) || (index === 0 && keyword !== "WITH")) parts.push(keyword);
    // ON CONFLICT DO UPDATE has its target already.
    if (keyword === "UPDATE" && words[index - 1]?.toUpperCase() !== "DO") expects = "target";
    if (keyword === "PRAGMA" && index === 0) expects = "target";
  }
  if (parts.length === 0) return undefined;
  let summary = parts[0];
  // Never half a name.
  for (const part of parts.slice(1)) {
    if (summary.length + 1 + part.length > LONGEST) break;
    summary += ` ${part}`;
  }
  return summary.slice(0, LONGEST);
}
