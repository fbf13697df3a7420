/**
 * Built-in modules that are used if present and never imported, so that this package loads on
 * runtimes without them.
 *
 * @module
 */

/** What is used of `node:async_hooks`. */
export interface AsyncContext<T> {
  getStore(): T | undefined;
  run<R>(store: T, fn: () => R): R;
  enterWith(store: T): void;
}

/** The async context in which it was created. */
export interface AsyncScope {
  runInAsyncScope<A extends readonly unknown[], R>(
    fn: (...args: A) => R,
    thisArg: unknown,
    ...args: A
  ): R;
}

/** What is used of a channel of `node:diagnostics_channel`. */
export interface Channel {
  readonly hasSubscribers: boolean;
  publish(message: object): void;
  /** Publishes, and calls in the async context that bound stores make of the message. */
  runStores<S>(message: object, call: () => S): S;
}

/** The five channels of one operation. */
export interface TracingChannel {
  readonly start: Channel;
  readonly end: Channel;
  readonly asyncStart: Channel;
  readonly asyncEnd: Channel;
  readonly error: Channel;
}

/**
 * What is used of `node:fs`. The database file and its -shm are never opened, since closing them
 * would drop SQLite's locks.
 */
export interface FileSystem {
  readFileSync(path: string, encoding: "utf8"): string;
  linkSync(path: string, newPath: string): void;
  renameSync(path: string, newPath: string): void;
  rmSync(path: string, options: { force: true }): void;
  accessSync(path: string, mode: number): void;
  realpathSync(path: string): string;
  openSync(path: string, flags: "r" | "r+"): number;
  closeSync(descriptor: number): void;
  fsyncSync(descriptor: number): void;
  fdatasync(descriptor: number, callback: (error: unknown) => void): void;
  readonly constants: { readonly W_OK: number };
  statSync(
    path: string,
    options: { throwIfNoEntry: false; bigint: true },
  ): FileStatus | undefined;
}

/** What is used of a file's status. */
export interface FileStatus {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly birthtimeNs: bigint;
  readonly size: bigint;
  isFile(): boolean;
  isDirectory(): boolean;
}

/** A duplex pipe to a child process. */
export interface Pipe {
  on(event: "data", listener: (chunk: Uint8Array) => void): unknown;
  on(event: "close" | "error", listener: () => void): unknown;
  write(chunk: Uint8Array): unknown;
  cork?(): void;
  uncork?(): void;
  destroy(): void;
  ref?(): void;
  unref?(): void;
}

/** What is used of a process that was started. */
export interface ChildProcess {
  readonly pid?: number;
  readonly stdio: readonly (Pipe | null | undefined)[];
  on(event: "error", listener: (error: unknown) => void): unknown;
  on(event: "exit", listener: (code: number | null, signal: string | null) => void): unknown;
  kill(signal: "SIGKILL"): unknown;
  ref(): void;
  unref(): void;
}

/** How a process is started. */
export interface SpawnOptions {
  readonly stdio: readonly ("ignore" | "inherit" | "pipe")[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly windowsHide: boolean;
}

interface Builtins {
  "node:child_process": {
    spawn(file: string, args: readonly string[], options: SpawnOptions): ChildProcess;
    execFileSync(
      file: string,
      args: readonly string[],
      options: { env: Readonly<Record<string, string>>; stdio: "ignore" },
    ): unknown;
  };
  "node:diagnostics_channel": {
    channel(name: string): Channel;
    tracingChannel(name: string): TracingChannel;
  };
  "node:fs": FileSystem;
  "node:path": { readonly sep: string; resolve(folder: string, path: string): string };
  "node:url": { pathToFileURL(path: string): URL; fileURLToPath(url: URL): string };
  "node:sea": { isSea(): boolean };
  "node:sqlite": unknown;
  "bun:sqlite": unknown;
  "node:worker_threads": {
    readonly Worker: new (script: URL, options: object) => unknown;
    readonly parentPort: unknown;
    getEnvironmentData(key: string): unknown;
    setEnvironmentData?(key: string, value: unknown): void;
  };
  "node:async_hooks": {
    readonly AsyncLocalStorage: new <T>() => AsyncContext<T>;
    readonly AsyncResource: new (type: string) => AsyncScope;
  };
}

interface HostProcess {
  getBuiltinModule?(name: string): unknown;
}

/** Returns a built-in module; `undefined` if the runtime does not have it. */
export function builtin<N extends keyof Builtins>(name: N): Builtins[N] | undefined {
  const { process } = globalThis as { process?: HostProcess };
  return process?.getBuiltinModule?.(name) as Builtins[N] | undefined;
}
