/** Fails for every connection. */

export default function setUp(): never {
  throw new RangeError("no such key");
}
