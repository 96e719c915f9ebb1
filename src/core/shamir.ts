/**
 * Shamir's secret sharing over GF(2^8) with the polynomial 0x11B, in the share format of sops (which is Vault's).
 * `docs/format.md` §6; sops 3.13.2 shamir/shamir.go; Shamir, "How to share a secret", CACM 22 (1979).
 *
 * The arithmetic has no branch and no table look-up that depends on a secret.
 */

import { TsopsError } from '../errors.ts';
import type { RandomSource } from './cipher.ts';

/** A share is the secret's length and one byte for its x coordinate, at the end. */
const overheadBytes = 1;

/**
 * Shares with x = 1, 2, … in order; any `threshold` of them give the secret.
 * @throws TsopsError KEY_GROUP_INVALID unless 2 <= threshold <= parts <= 255 and the secret is not empty.
 */
export function split(secret: Uint8Array, parts: number, threshold: number, random: RandomSource): Uint8Array[] {
  checkNumbers(secret, parts, threshold);
  const coefficients = random(secret.length * (threshold - 1));
  const shares = Array.from({ length: parts }, (_, index) => shareAt(index + 1, secret, coefficients));
  coefficients.fill(0);
  return shares;
}

function checkNumbers(secret: Uint8Array, parts: number, threshold: number): void {
  if (!Number.isInteger(threshold) || threshold < 2 || threshold > 255) {
    throw groupError('the Shamir threshold must be a number from 2 to 255');
  }
  if (!Number.isInteger(parts) || parts > 255) throw groupError('there can be at most 255 key groups');
  if (parts < threshold) throw groupError('the Shamir threshold is greater than the number of key groups');
  if (secret.length === 0) throw groupError('there is no secret to share');
}

const groupError = (message: string): TsopsError => new TsopsError('KEY_GROUP_INVALID', message);

/** Horner's rule for each byte: byte i of the secret has the coefficients i, i + length, i + 2 × length … */
function shareAt(x: number, secret: Uint8Array, coefficients: Uint8Array): Uint8Array {
  const { length } = secret;
  const share = new Uint8Array(length + overheadBytes);
  for (let i = 0; i < length; i++) {
    let y = 0;
    for (let at = coefficients.length - length + i; at >= 0; at -= length) y = multiply(y, x) ^ (coefficients[at] ?? 0);
    share[i] = multiply(y, x) ^ (secret[i] ?? 0);
  }
  share[length] = x;
  return share;
}

/**
 * The secret from shares, by Lagrange interpolation at 0 over all of them. Too few or foreign shares give a wrong
 * secret of the same length: nothing in a share can tell.
 * @throws TsopsError KEY_GROUP_INVALID for less than two shares, different lengths, or the same share twice.
 */
export function combine(shares: readonly Uint8Array[]): Uint8Array {
  const length = (shares[0]?.length ?? 0) - overheadBytes;
  if (shares.length < 2) throw groupError('at least two shares of the data key are needed');
  if (length < 1 || shares.some(share => share.length !== length + overheadBytes)) {
    throw groupError('the shares of the data key are not of the same length');
  }
  const xs = shares.map(share => share[length] ?? 0);
  if (new Set(xs).size !== xs.length) throw groupError('a share of the data key is there twice');
  const secret = new Uint8Array(length);
  for (const [index, share] of shares.entries()) {
    const weight = basisAtZero(xs, index);
    for (let i = 0; i < length; i++) secret[i] = (secret[i] ?? 0) ^ multiply(share[i] ?? 0, weight);
  }
  return secret;
}

/** The product of x_j / (x_j - x_i) over all other j; subtraction is XOR. The coordinates are no secrets. */
function basisAtZero(xs: readonly number[], index: number): number {
  const x = xs[index] ?? 0;
  return xs.reduce((product, other, at) => (at === index ? product : multiply(product, divide(other, other ^ x))), 1);
}

/** The product in GF(2^8), in eight steps of masks (FIPS 197 §4.2). */
export function multiply(a: number, b: number): number {
  let product = 0;
  for (let bit = 7; bit >= 0; bit--) {
    product = ((product << 1) ^ (-(product >> 7) & 0x11b)) & 0xff;
    product ^= -((b >> bit) & 1) & a;
  }
  return product;
}

/** a / b with b^254 as the inverse of b (Fermat: b^255 = 1). */
function divide(a: number, b: number): number {
  let inverse = 1;
  for (let step = 0; step < 7; step++) {
    b = multiply(b, b);
    inverse = multiply(inverse, b);
  }
  return multiply(a, inverse);
}
