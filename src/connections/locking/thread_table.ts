/**
 * Which SQLite library has which file open, shared by all threads of the process.
 *
 * The table is in shared memory and passed as environment data, which a thread inherits from its
 * parent. A thread that was started before the table was created has its own.
 *
 * @module
 */

import { builtin } from "../../platform/builtin.ts";

/** A file, identified independently of its path. */
export interface FileIdentity {
  readonly dev: bigint;
  readonly ino: bigint;
  /** When the file was made: another one may get its number. */
  readonly birthtimeNs: bigint;
}

/** Another library that has a file open. */
export interface OtherLibrary {
  readonly library: string;
  /** The number of databases that have it open; possibly 0 if its driver closes late. */
  readonly users: number;
}

const NAME = "@sqlitepool/pool: open files, 1";
/** The lock, padded to align the entries. */
const HEADER_BYTES = 8;
/** Three integers of 8 bytes, two of 4, and the name with its length. */
const ENTRY_BYTES = 64;
const NAME_OFFSET = 32;
const NAME_BYTES = ENTRY_BYTES - NAME_OFFSET - 1;
/** The maximum number of files checked across threads at once. */
const ENTRIES = 1_024;
/**
 * A thread holds the lock for microseconds; one that was terminated while holding it never releases
 * it.
 */
const MOST_SPINS = 1_000_000;

/** Returns the table; `undefined` if the runtime has no threads with shared memory. */
export function threadTable(): ThreadTable | undefined {
  const threads = builtin("node:worker_threads");
  if (threads?.setEnvironmentData === undefined || typeof SharedArrayBuffer === "undefined") {
    return undefined;
  }
  let shared = threads.getEnvironmentData(NAME);
  if (!(shared instanceof SharedArrayBuffer)) {
    shared = new SharedArrayBuffer(HEADER_BYTES + ENTRIES * ENTRY_BYTES);
    threads.setEnvironmentData(NAME, shared);
  }
  return new ThreadTable(shared as SharedArrayBuffer);
}

/** See the module. */
export class ThreadTable {
  readonly #lock: Int32Array;
  readonly #view: DataView;
  readonly #bytes: Uint8Array;

  /** @param shared the memory, initially zero. */
  constructor(shared: SharedArrayBuffer) {
    this.#lock = new Int32Array(shared, 0, 1);
    this.#view = new DataView(shared);
    this.#bytes = new Uint8Array(shared);
  }

  /**
   * Records that a library opens a file. If another library has it open, returns that one instead.
   */
  claim(file: FileIdentity, library: string): OtherLibrary | undefined {
    return this.#locked(() => {
      const name = encode(library);
      const entry = this.#find(file) ?? this.#free();
      if (entry === undefined) return undefined;
      const users = this.#view.getInt32(entry.users);
      if (!this.#isFree(entry)) {
        const known = this.#nameOf(entry);
        if (known !== new TextDecoder().decode(name)) return { library: known, users };
      }
      this.#view.setBigUint64(entry.dev, BigInt.asUintN(64, file.dev));
      this.#view.setBigUint64(entry.ino, BigInt.asUintN(64, file.ino));
      this.#view.setBigUint64(entry.born, BigInt.asUintN(64, file.birthtimeNs));
      this.#view.setInt32(entry.users, users + 1);
      this.#bytes[entry.name] = name.length;
      this.#bytes.set(name, entry.name + 1);
      return undefined;
    });
  }

  /** Undoes one claim. If the driver closes late, the file stays reserved for its library. */
  leave(file: FileIdentity, closesLate: boolean): void {
    this.#locked(() => {
      const entry = this.#find(file);
      if (entry === undefined) return;
      const users = this.#view.getInt32(entry.users);
      this.#view.setInt32(entry.users, Math.max(0, users - 1));
      if (closesLate) this.#view.setInt32(entry.late, 1);
    });
  }

  #locked<T>(work: () => T): T {
    for (let spins = 0; Atomics.compareExchange(this.#lock, 0, 0, 1) !== 0; spins++) {
      if (spins > MOST_SPINS) break;
    }
    try {
      return work();
    } finally {
      Atomics.store(this.#lock, 0, 0);
    }
  }

  #find(file: FileIdentity): Entry | undefined {
    for (let i = 0; i < ENTRIES; i++) {
      const entry = entryAt(i);
      if (this.#isFree(entry)) continue;
      if (this.#view.getBigUint64(entry.ino) !== BigInt.asUintN(64, file.ino)) continue;
      if (this.#view.getBigUint64(entry.dev) !== BigInt.asUintN(64, file.dev)) continue;
      const born = BigInt.asUintN(64, file.birthtimeNs);
      if (this.#view.getInt32(entry.users) > 0) return entry;
      if (this.#view.getBigUint64(entry.born) === born) return entry;
      this.#view.setInt32(entry.late, 0);
    }
    return undefined;
  }

  #free(): Entry | undefined {
    for (let i = 0; i < ENTRIES; i++) {
      const entry = entryAt(i);
      if (this.#isFree(entry)) return entry;
    }
    return undefined;
  }

  #isFree({ users, late }: Entry): boolean {
    return this.#view.getInt32(users) === 0 && this.#view.getInt32(late) === 0;
  }

  #nameOf({ name }: Entry): string {
    // Copied, because text cannot be decoded from shared memory.
    const length = this.#bytes[name];
    return new TextDecoder().decode(this.#bytes.slice(name + 1, name + 1 + length));
  }
}

/** The offsets of the parts of an entry. */
interface Entry {
  readonly dev: number;
  readonly ino: number;
  readonly born: number;
  readonly users: number;
  readonly late: number;
  readonly name: number;
}

function entryAt(index: number): Entry {
  const at = HEADER_BYTES + index * ENTRY_BYTES;
  return {
    dev: at,
    ino: at + 8,
    born: at + 16,
    users: at + 24,
    late: at + 28,
    name: at + NAME_OFFSET,
  };
}

function encode(library: string): Uint8Array {
  return new TextEncoder().encode(library).slice(0, NAME_BYTES);
}
