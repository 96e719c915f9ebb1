/** Bech32 without the 90 character limit, as age uses it for recipients and identities. BIP 173; C2SP age, "Native X25519 recipients". */

const charset = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';
const generator = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3];
const checksumLength = 6;

export interface Bech32 {
  /** The part before the last `1`, in lower case. */
  readonly prefix: string;
  readonly bytes: Uint8Array;
}

/** The content of a Bech32 text in all lower or all upper case; undefined where the text is not exactly one. */
export function parseBech32(text: string): Bech32 | undefined {
  const lower = text.toLowerCase();
  if (text !== lower && text !== text.toUpperCase()) return undefined;
  const separator = lower.lastIndexOf('1');
  if (separator < 1 || separator + 1 + checksumLength > lower.length) return undefined;
  const prefix = lower.slice(0, separator);
  const words = wordsOf(lower.slice(separator + 1));
  if (!isPrintable(prefix) || words === undefined) return undefined;
  if (polymod([...expand(prefix), ...words]) !== 1) return undefined;
  const bytes = regroup(words.slice(0, -checksumLength), 5, 8);
  return bytes === undefined ? undefined : { prefix, bytes: Uint8Array.from(bytes) };
}

/** A Bech32 text in lower case. */
export function printBech32(prefix: string, bytes: Uint8Array): string {
  const words = regroup(Array.from(bytes), 8, 5) ?? [];
  const sum = polymod([...expand(prefix), ...words, 0, 0, 0, 0, 0, 0]) ^ 1;
  const checksum = [25, 20, 15, 10, 5, 0].map(shift => (sum >>> shift) & 31);
  return `${prefix}1${[...words, ...checksum].map(word => charset[word]).join('')}`;
}

function wordsOf(data: string): number[] | undefined {
  const words = Array.from(data, char => charset.indexOf(char));
  return words.includes(-1) ? undefined : words;
}

function isPrintable(prefix: string): boolean {
  return Array.from(prefix).every(char => char >= '!' && char <= '~');
}

function expand(prefix: string): number[] {
  const codes = Array.from(prefix, char => char.charCodeAt(0));
  return [...codes.map(code => code >> 5), 0, ...codes.map(code => code & 31)];
}

function polymod(words: readonly number[]): number {
  let sum = 1;
  for (const word of words) {
    const top = sum >>> 25;
    sum = ((sum & 0x1ffffff) << 5) ^ word;
    for (let bit = 0; bit < 5; bit++) if ((top >>> bit) & 1) sum ^= generator[bit]!;
  }
  return sum;
}

/** Regroups bits. From 5 to 8 the rest must be shorter than a word and zero, so that each text has one meaning only. */
function regroup(values: readonly number[], from: number, to: number): number[] | undefined {
  const out: number[] = [];
  let [held, bits] = [0, 0];
  for (const value of values) {
    held = ((held << from) | value) & 0xfff;
    bits += from;
    while (bits >= to) {
      bits -= to;
      out.push((held >>> bits) & ((1 << to) - 1));
    }
  }
  const rest = (held << (to - bits)) & ((1 << to) - 1);
  if (to > from) return bits < from && rest === 0 ? out : undefined;
  if (bits > 0) out.push(rest);
  return out;
}
