/** Gives every connection its key; each thread loads this module. */

export default function giveKey(raw) {
  raw.key(Buffer.from("correct horse"));
}
