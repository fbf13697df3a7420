/**
 * What statements take.
 *
 * @module
 */

/**
 * Is told of each statement that has run.
 *
 * @param sql Its text.
 * @param ms What it took where it ran, in milliseconds: neither waits nor the way there count.
 */
export type OnTiming = (sql: string, ms: number) => void;
