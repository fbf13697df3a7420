/** The checksums of a write-ahead log: https://sqlite.org/fileformat2.html#walformat */

const HEADER_SIZE = 32;
const FRAME_HEADER_SIZE = 24;

type Sums = readonly [number, number];

function add(view: DataView, from: number, to: number, littleEndian: boolean, sums: Sums): Sums {
  let [first, second] = sums;
  for (let at = from; at < to; at += 8) {
    first = (first + view.getUint32(at, littleEndian) + second) >>> 0;
    second = (second + view.getUint32(at + 4, littleEndian) + first) >>> 0;
  }
  return [first, second];
}

/** Gives every frame the salts of the log and a checksum that is right. */
export function signLog(log: Uint8Array, pageSize: number): void {
  const view = new DataView(log.buffer, log.byteOffset, log.length);
  const littleEndian = (view.getUint32(0) & 1) === 0;
  let sums = add(view, 0, 24, littleEndian, [0, 0]);
  view.setUint32(24, sums[0]);
  view.setUint32(28, sums[1]);
  const size = FRAME_HEADER_SIZE + pageSize;
  for (let at = HEADER_SIZE; at + size <= log.length; at += size) {
    view.setUint32(at + 8, view.getUint32(16));
    view.setUint32(at + 12, view.getUint32(20));
    sums = add(view, at, at + 8, littleEndian, sums);
    sums = add(view, at + FRAME_HEADER_SIZE, at + size, littleEndian, sums);
    view.setUint32(at + 16, sums[0]);
    view.setUint32(at + 20, sums[1]);
  }
}
