/** Base64 in its one canonical form: no blanks, no line ends, no spare bits. C2SP age, "Encoding". */

/** Unpadded, as in an age header. Undefined where the text is not canonical. */
export function parseBase64(text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text, 'base64');
  return printBase64(bytes) === text ? bytes : undefined;
}

export function printBase64(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
  return text.endsWith('=') ? text.slice(0, text.indexOf('=')) : text;
}

/** Padded, as in PEM. Undefined where the text is not canonical. */
export function parsePaddedBase64(text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : undefined;
}
