/** The test vectors of C2SP for age files, all of them: https://github.com/C2SP/CCTV/tree/main/age */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, describe, it } from 'node:test';
import { inflateSync } from 'node:zlib';
import * as vectors from 'cctv-age';
import { parseArmor } from './armor.ts';
import { decryptFile, type Identity, parseFile } from './file.ts';
import { hybridIdentity } from './hybrid.ts';
import { passphraseIdentity } from './passphrase.ts';
import { x25519Identity } from './x25519.ts';

interface Vector {
  readonly expect: string;
  readonly payload: string | undefined;
  readonly armored: boolean;
  readonly identities: readonly Identity[];
  readonly file: Uint8Array;
}

const words: Readonly<Record<string, string>> = {
  'no match': 'no match',
  header: 'header failure',
  mac: 'HMAC failure',
  payload: 'payload failure',
};

const counts = new Map<string, number>();

function parseVector(bytes: Uint8Array): Vector {
  const buffer = Buffer.from(bytes);
  const end = buffer.indexOf('\n\n');
  const fields = buffer.toString('utf8', 0, end).split('\n');
  const all = (name: string) =>
    fields.filter(field => field.startsWith(`${name}: `)).map(field => field.slice(name.length + 2));
  const body = buffer.subarray(end + 2);
  return {
    expect: all('expect')[0]!,
    payload: all('payload')[0],
    armored: all('armored')[0] === 'yes',
    identities: [
      ...all('identity').map(text => (x25519Identity(text) ?? hybridIdentity(text))!),
      ...all('passphrase').map(passphraseIdentity),
    ],
    file: all('compressed')[0] === 'zlib' ? inflateSync(body) : body,
  };
}

/** The word of the vectors for what happens to a file, and the hash of what it gives. */
async function outcome({ file, armored, identities }: Vector): Promise<{ word: string; hash?: string }> {
  const bytes = armored ? parseArmor(Buffer.from(file).toString('latin1')) : file;
  if (bytes === undefined) return { word: 'armor failure' };
  const parsed = parseFile(bytes);
  if (parsed === undefined) return { word: 'header failure' };
  const plain = await decryptFile(parsed, identities);
  if (typeof plain === 'string') return { word: words[plain]! };
  return { word: 'success', hash: createHash('sha256').update(plain).digest('hex') };
}

describe('C2SP age test vectors', () => {
  for (const [name, bytes] of Object.entries(vectors)) {
    it(name, async () => {
      const vector = parseVector(bytes);
      const { word, hash } = await outcome(vector);
      assert.equal(word, vector.expect);
      if (word === 'success') assert.equal(hash, vector.payload);
      counts.set(word, (counts.get(word) ?? 0) + 1);
    });
  }

  after(() => {
    const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
    console.log(`age vectors: ${total} (${[...counts].map(([word, count]) => `${count} ${word}`).join(', ')})`);
    assert.ok(total >= 143, 'vectors are missing');
  });
});
