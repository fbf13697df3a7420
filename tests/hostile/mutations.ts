/** Makes hostile files of a real one: the same for the same seed. */

import { Buffer } from "node:buffer";
import { randomFrom } from "../helpers/random.ts";
import { PAGE_SIZE, REPLACEABLE, type Specimen } from "./specimen.ts";
import { signLog } from "./wal.ts";

/** A hostile file. */
export interface Mutant {
  /** What was done to it. */
  readonly name: string;
  readonly file: Uint8Array;
  /** `undefined` for no log. */
  readonly log: Uint8Array | undefined;
  /** Whether reading all of it takes for ever. */
  readonly endless: boolean;
}

/** Numbers up to and without a limit. */
type Below = (limit: number) => number;

interface Mutation {
  readonly name: string;
  mutate(specimen: Specimen, below: Below): Partial<Omit<Mutant, "name">>;
}

const HEADER_SIZE = 100;
const WAL_HEADER_SIZE = 32;
const FRAME_SIZE = 24 + PAGE_SIZE;

/** Numbers that arithmetic on sizes, offsets and page numbers has trouble with. */
const AWKWARD: readonly number[] = [0, 1, 2, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 2 ** 31 - 1];

const ENDLESS = "CREATE VIEW replaceable AS " +
  "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT sum(n) FROM c";

/**
 * Schemas that no database would have. They are as long as the text they replace, once filled up
 * with spaces.
 */
const HOSTILE_TEXTS: readonly string[] = [
  "CREATE VIEW replaceable AS SELECT * FROM replaceable",
  "CREATE VIEW replaceable AS SELECT a.* FROM adults a, adults b, people c, people d LIMIT 5",
  "CREATE VIEW replaceable AS SELECT load_extension('/tmp/none')",
  "CREATE VIEW replaceable AS SELECT zeroblob(2147483647) AS bytes",
  "CREATE VIEW replaceable AS SELECT printf('%.*c', 5000000, 'x') AS text",
  "CREATE VIEW replaceable AS SELECT abs(-9223372036854775808) AS n",
  "CREATE VIEW replaceable AS SELECT json_extract('{', '$') AS n",
  "CREATE VIEW replaceable AS SELECT 9223372036854775807 AS n",
  'CREATE VIEW replaceable AS SELECT 9e999 AS n, 1 AS n, 2 AS __proto__, 3 AS ""',
  "CREATE VIEW replaceable AS SELECT fts3_tokenizer('simple') AS pointer",
  "CREATE VIEW replaceable AS SELECT * FROM sqlite_dbpage",
  "CREATE VIEW replaceable AS SELECT * FROM pragma_table_info('people'), pragma_database_list",
  "CREATE VIEW replaceable(a, b, c) AS SELECT 1",
  "CREATE VIEW replaceable AS SELECT 1; DROP TABLE people",
  "CREATE TABLE replaceable (a, a)",
  "CREATE TABLE replaceable (a AS (b), b AS (a))",
  "CREATE VIRTUAL TABLE replaceable USING none(a)",
  "CREATE INDEX replaceable ON people (random())",
  "CREATE VIEW replaceable AS SELECT '\u0000' AS \u0000",
  "DROP TABLE people",
  "",
  `CREATE VIEW replaceable AS SELECT ${"(".repeat(200)}1${")".repeat(200)}`,
  ENDLESS,
];

/** Changes up to `most` bits somewhere in a range. */
function flip(bytes: Uint8Array, below: Below, from: number, to: number, most: number): Uint8Array {
  const changed = bytes.slice();
  for (let left = 1 + below(most); left > 0; left--) {
    changed[from + below(to - from)] ^= 1 << below(8);
  }
  return changed;
}

const cut = (bytes: Uint8Array, below: Below): Uint8Array => {
  const length = below(3) === 0 ? below(bytes.length) : below(bytes.length / PAGE_SIZE) * PAGE_SIZE;
  return bytes.slice(0, length);
};

/** The offset of a page, with a preference for the first ones, which hold the schema. */
function somePage({ length }: Uint8Array, below: Below): number {
  const pages = Math.floor(length / PAGE_SIZE);
  return below(below(2) === 0 ? Math.min(8, pages) : pages) * PAGE_SIZE;
}

/** The offset of the header of a page, which follows that of the file on the first one. */
const headerOf = (page: number): number => page === 0 ? HEADER_SIZE : page;

/** Writes an awkward number, or that of some page, over two or four bytes. */
function overwriteNumber(bytes: Uint8Array, offset: number, below: Below): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const pages = Math.floor(bytes.length / PAGE_SIZE);
  const number = below(2) === 0 ? AWKWARD[below(AWKWARD.length)] : below(pages + 2);
  if (below(2) === 0) view.setUint16(offset, number & 0xffff);
  else view.setUint32(offset, number);
}

function replaceText(file: Uint8Array, old: string, text: string): Uint8Array {
  const changed = Buffer.from(file);
  const at = changed.indexOf(old);
  if (at < 0) throw new Error("The specimen has not got the text that is to be replaced.");
  changed.write(text.padEnd(old.length), at, "latin1");
  return changed;
}

/** Changes frames of a log and makes its checksums right, without which SQLite ignores them. */
function changeFrames(
  log: Uint8Array,
  below: Below,
  change: (frame: Uint8Array) => void,
): Uint8Array {
  const changed = log.slice();
  const frames = Math.floor((log.length - WAL_HEADER_SIZE) / FRAME_SIZE);
  for (let left = 1 + below(4); left > 0; left--) {
    const at = WAL_HEADER_SIZE + below(frames) * FRAME_SIZE;
    change(changed.subarray(at, at + FRAME_SIZE));
  }
  signLog(changed, PAGE_SIZE);
  return changed;
}

const MUTATIONS: readonly Mutation[] = [
  { name: "file cut off", mutate: ({ file }, below) => ({ file: cut(file, below) }) },
  {
    name: "bits of the header",
    mutate: ({ file }, below) => ({ file: flip(file, below, 0, HEADER_SIZE, 3) }),
  },
  {
    name: "a number of the header",
    mutate({ file }, below) {
      const changed = file.slice();
      overwriteNumber(changed, 16 + below(20) * 4, below);
      return { file: changed };
    },
  },
  {
    name: "bits of pages",
    mutate: ({ file }, below) => ({ file: flip(file, below, HEADER_SIZE, file.length, 40) }),
  },
  {
    name: "headers of pages",
    mutate({ file }, below) {
      const changed = file.slice();
      for (let left = 1 + below(5); left > 0; left--) {
        overwriteNumber(changed, headerOf(somePage(file, below)) + below(40), below);
      }
      return { file: changed };
    },
  },
  {
    name: "pages in each other's place",
    mutate({ file }, below) {
      const changed = file.slice();
      for (let left = 1 + below(3); left > 0; left--) {
        const from = somePage(file, below);
        const to = Math.max(PAGE_SIZE, somePage(file, below));
        changed.set(file.subarray(from, from + PAGE_SIZE), to);
      }
      return { file: changed };
    },
  },
  {
    name: "a page of noise",
    mutate({ file }, below) {
      const page = somePage(file, below);
      const at = headerOf(page);
      // The kind of the page may stay, so that the rest is looked at.
      const from = at + below(2);
      const changed = file.slice();
      for (let i = from; i < page + PAGE_SIZE; i++) changed[i] = below(256);
      return { file: changed };
    },
  },
  {
    name: "text of the schema",
    mutate({ file }, below) {
      const text = Buffer.from(file);
      const at = text.indexOf("CREATE ", below(4 * PAGE_SIZE));
      return { file: flip(file, below, Math.max(at, HEADER_SIZE), at + 200, 6) };
    },
  },
  {
    name: "hostile schema",
    mutate({ file }, below) {
      const text = HOSTILE_TEXTS[below(HOSTILE_TEXTS.length)];
      return { file: replaceText(file, REPLACEABLE, text), endless: text === ENDLESS };
    },
  },
  { name: "log cut off", mutate: ({ log }, below) => ({ log: cut(log, below) }) },
  {
    name: "bits of the log",
    mutate: ({ log }, below) => ({ log: flip(log, below, 0, log.length, 20) }),
  },
  {
    name: "header of the log",
    mutate: ({ log }, below) => ({ log: flip(log, below, 0, WAL_HEADER_SIZE, 3) }),
  },
  {
    name: "pages of a log with right checksums",
    mutate: ({ log }, below) => ({
      log: changeFrames(log, below, (frame) => {
        overwriteNumber(frame, 24 + below(60), below);
      }),
    }),
  },
  {
    name: "page numbers of a log with right checksums",
    mutate: ({ log }, below) => ({
      log: changeFrames(log, below, (frame) => overwriteNumber(frame, below(2) * 4, below)),
    }),
  },
];

/** The names of what is done to files. */
export const MUTATION_NAMES: readonly string[] = MUTATIONS.map(({ name }) => name);

/** The file with a number: each kind of mutation in turn. */
export function mutant(specimen: Specimen, seed: number, number: number): Mutant {
  const random = randomFrom(seed + number * 7_919);
  const below: Below = (limit) => Math.floor(random() * limit);
  const { name, mutate } = MUTATIONS[number % MUTATIONS.length];
  const changed = mutate(specimen, below);
  const { file, log, endless = false } = { ...specimen, ...changed };
  // What the log has hides the pages of the file.
  const hasLog = changed.log !== undefined || below(2) === 0;
  return { name, file, log: hasLog ? log : undefined, endless };
}
