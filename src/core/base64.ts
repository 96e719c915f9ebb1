/** Base64 (RFC 4648 §4) from bytes to bytes, for many short values: no text is made of them. */

const alphabet = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/', 'latin1');
const equalsSign = 0x3d;
/** What is no digit has this bit. */
const noDigit = 0x80;

const digits = new Uint8Array(256).fill(noDigit);
for (const [value, code] of alphabet.entries()) digits[code] = value;

/** The most bytes that base64 text of this length stands for. */
export const decodedSize = (length: number): number => (length >> 2) * 3;

/** The length of the base64 text of so many bytes. */
export const encodedSize = (length: number): number => Math.ceil(length / 3) * 4;

/**
 * Decodes `source[start..end)` to the front of `target`, which has `decodedSize` bytes at least.
 * @returns how many bytes there are; -1 for what is not padded, has other characters, or bits behind its data
 */
export function decodeBase64Bytes(source: Uint8Array, start: number, end: number, target: Uint8Array): number {
  if ((end - start) % 4 !== 0) return -1;
  let to = 0;
  for (let at = start; at < end; at += 4) {
    const a = digits[source[at] as number] as number;
    const b = digits[source[at + 1] as number] as number;
    const c = digits[source[at + 2] as number] as number;
    const d = digits[source[at + 3] as number] as number;
    if (((a | b | c | d) & noDigit) !== 0) return at + 4 === end ? decodePadded(source, at, target, to) : -1;
    target[to] = (a << 2) | (b >> 4);
    target[to + 1] = ((b & 15) << 4) | (c >> 2);
    target[to + 2] = ((c & 3) << 6) | d;
    to += 3;
  }
  return to;
}

function decodePadded(source: Uint8Array, at: number, target: Uint8Array, to: number): number {
  const a = digits[source[at] as number] as number;
  const b = digits[source[at + 1] as number] as number;
  if (((a | b) & noDigit) !== 0 || source[at + 3] !== equalsSign) return -1;
  target[to] = (a << 2) | (b >> 4);
  if (source[at + 2] === equalsSign) return (b & 15) === 0 ? to + 1 : -1;
  const c = digits[source[at + 2] as number] as number;
  if ((c & noDigit) !== 0 || (c & 3) !== 0) return -1;
  target[to + 1] = ((b & 15) << 4) | (c >> 2);
  return to + 2;
}

/** Encodes to `target` from `to` on, which has `encodedSize` bytes left at least. @returns the offset behind the text */
export function encodeBase64Bytes(source: Uint8Array, target: Uint8Array, to: number): number {
  const whole = source.length - (source.length % 3);
  let at = 0;
  for (; at < whole; at += 3) {
    const bits = ((source[at] as number) << 16) | ((source[at + 1] as number) << 8) | (source[at + 2] as number);
    target[to] = alphabet[bits >> 18] as number;
    target[to + 1] = alphabet[(bits >> 12) & 63] as number;
    target[to + 2] = alphabet[(bits >> 6) & 63] as number;
    target[to + 3] = alphabet[bits & 63] as number;
    to += 4;
  }
  if (at === source.length) return to;
  const first = source[at] as number;
  const second = source[at + 1];
  target[to] = alphabet[first >> 2] as number;
  target[to + 1] = alphabet[((first & 3) << 4) | ((second ?? 0) >> 4)] as number;
  target[to + 2] = second === undefined ? equalsSign : (alphabet[(second & 15) << 2] as number);
  target[to + 3] = equalsSign;
  return to + 4;
}
