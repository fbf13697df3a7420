/** Gives every connection a wrong key. */

export default function giveWrongKey(raw) {
  raw.key(Buffer.from("battery staple"));
}
