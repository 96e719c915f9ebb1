/** Files that are one value, of any size: in the memory of what goes in and what comes out. `docs/format.md` §8. */

import { type BulkPlace, bulkLength, bulkPlace, isBulk, openBulk } from '../core/bulk.ts';
import { type Cipher, createCipher } from '../core/cipher.ts';
import type { DataKey } from '../core/datakey.ts';
import { Digest, encryptMac, verifyMac } from '../core/mac.ts';
import { toStored } from '../core/metadata.ts';
import { aadOf } from '../core/path.ts';
import { compileSelection } from '../core/selection.ts';
import { TsopsError } from '../errors.ts';
import type { Format, WholeFile, WholeFormat } from '../formats/format.ts';
import { type OpenedFile, open, openWith, parseEncrypted } from './open.ts';
import type { SealInput } from './seal.ts';
import { metadataOf, noRandom, type OpenOptions, openDataKey } from './unlock.ts';
import { notRestorable } from './verify.ts';

/** Under which sops keeps the content of a file that is one value. */
const key = 'data';
const aad = aadOf([key]);

/** What `seal` does, for such a file. @throws TsopsError INTERNAL where the ciphertext would not decrypt to the bytes that went in */
export function sealWhole(input: SealInput, cipher: Cipher, whole: WholeFormat): Uint8Array {
  const { bytes, metadata, indent, dataKey } = input;
  const ciphertext = cipher.encryptBulk(bytes, aad);
  const digest = new Digest(false);
  for (const piece of pieces(bytes)) digest.add(piece);
  const mac = encryptMac(digest.finish(), cipher, metadata.lastModified);
  const sealed = whole.enclose(ciphertext.length, toStored({ ...metadata, mac, spelling: undefined }), { indent });
  ciphertext.write(sealed.bytes, sealed.at);
  const found = whole.locate(sealed.bytes);
  const place = found && placeIn(sealed.bytes, found);
  if (place === undefined || !opensTo(place, dataKey, bytes)) throw notRestorable();
  return sealed.bytes;
}

/** Whether a ciphertext decrypts to exactly these bytes. */
function opensTo(place: BulkPlace, dataKey: DataKey, expected: Uint8Array): boolean {
  let at = 0;
  let isSame = true;
  const opened = openBulk(dataKey, place, aad, piece => {
    isSame &&= at + piece.length <= expected.length && piece.equals(expected.subarray(at, at + piece.length));
    at += piece.length;
  });
  return opened && isSame && at === expected.length;
}

/** What `decrypt` does, for such a file that stays in its format; what is not of the usual form goes the way of all formats. */
export async function decryptWhole(
  bytes: Uint8Array,
  format: Format,
  whole: WholeFormat,
  { mayOverwrite = false, ...options }: OpenOptions & { readonly mayOverwrite?: boolean | undefined },
): Promise<Uint8Array> {
  const found = whole.locate(bytes);
  const place = found && placeIn(bytes, found);
  if (found === undefined || place === undefined || !isBulk(place)) return restored(await open(bytes, options));
  const metadata = metadataOf(found.envelope);
  const dataKey = await openDataKey(metadata, options);
  const isSound = await opens(place, { metadata, dataKey }, options);
  // The other way says what is wrong with it.
  if (!isSound)
    return restored(await openWith(dataKey, { format, file: parseEncrypted(format, bytes), metadata }, options));
  const length = bulkLength(place);
  const plain = mayOverwrite ? bufferOf(place.data).subarray(0, length) : Buffer.allocUnsafeSlow(length);
  let at = 0;
  // What has been read of the base64 is always longer than what it has given.
  const isSame = openBulk(dataKey, place, aad, piece => {
    at += piece.copy(plain, at);
  });
  if (!isSame) throw changedMeanwhile();
  return plain;
}

const changedMeanwhile = (): TsopsError =>
  new TsopsError('VALUE_UNDECRYPTABLE', 'the bytes were changed while they were decrypted');

const restored = ({ file, changes, spelling }: OpenedFile): Uint8Array => file.rewrite(changes, spelling?.text);

/** Whether the value decrypts. @throws TsopsError MAC_MISMATCH */
async function opens(
  place: BulkPlace,
  { metadata, dataKey }: Pick<OpenedFile, 'metadata' | 'dataKey'>,
  { ignoreMac }: OpenOptions,
): Promise<boolean> {
  const selection = await compileSelection(metadata.selection, { invalidMatchesNothing: true });
  if (!selection.root().selects(key)) return false;
  const digest = new Digest(metadata.macOnlyEncrypted);
  if (!openBulk(dataKey, place, aad, piece => digest.add(piece))) return false;
  if (ignoreMac !== true)
    verifyMac(metadata.mac, digest.finish(), createCipher(dataKey, noRandom), metadata.lastModified);
  return true;
}

const bufferOf = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

const placeIn = (bytes: Uint8Array, { start, end }: WholeFile): BulkPlace | undefined => bulkPlace(bytes, start, end);

/** One call of the hash takes no more than 2 GiB. */
const hashedAtOnce = 64 * 1024 * 1024;

function* pieces(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += hashedAtOnce) yield bytes.subarray(at, at + hashedAtOnce);
}
