/** Identity texts, as `age-keygen` and `ssh-keygen` write them: lenient about blanks, strict about what is a key. */

import { parseArmor } from './armor.ts';
import { type AgeFile, decryptFile, type Identity, parseFile } from './file.ts';
import { hybridIdentity } from './hybrid.ts';
import { x25519Identity } from './x25519.ts';

/** What one text gave. Problems are plain words that never hold a part of the text. */
export interface IdentityText {
  readonly identities: readonly Identity[];
  readonly problems: readonly string[];
  /** Set where the text is itself an age file, to be opened with a passphrase. */
  readonly locked?: AgeFile | undefined;
}

/** age's own limit for identity files. */
const maxLength = 16 * 1024 * 1024;

/**
 * The identities of a text: one or more a line, `#` comments, an SSH private key, or all of it encrypted with a passphrase.
 * A line that is no identity is a problem of its own and leaves the others usable.
 */
export async function parseIdentities(content: Uint8Array): Promise<IdentityText> {
  if (content.length > maxLength) return problem('it is larger than 16 MiB');
  const text = decodeText(content);
  if (text.startsWith('age-encryption.org/')) return locked(content);
  const start = text.trimStart();
  if (start.startsWith('-----BEGIN AGE ENCRYPTED FILE-----')) return locked(parseArmor(text));
  if (start.startsWith('-----BEGIN ')) return parseSshIdentity(text);
  return parseLines(text);
}

/** The identities inside a text that is encrypted with a passphrase; undefined where the passphrase is another one. */
export async function unlockIdentities(file: AgeFile, passphrase: string): Promise<IdentityText | undefined> {
  const { passphraseIdentity } = await import('./passphrase.ts');
  const plain = await decryptFile(file, [passphraseIdentity(passphrase)]);
  if (plain === 'no match') return undefined;
  if (typeof plain === 'string')
    return problem('the encrypted identity file is damaged, or takes more memory than there is');
  return parseLines(decodeText(plain));
}

function problem(words: string): IdentityText {
  return { identities: [], problems: [words] };
}

function locked(content: Uint8Array | undefined): IdentityText {
  const file = content === undefined ? undefined : parseFile(content);
  if (file === undefined) return problem('it is an encrypted age file, but damaged');
  if (file.header.stanzas[0]?.type !== 'scrypt')
    return problem('it is an age file that is not encrypted with a passphrase');
  return { identities: [], problems: [], locked: file };
}

async function parseSshIdentity(text: string): Promise<IdentityText> {
  const { parseSshPrivateKey } = await import('./ssh-keys.ts');
  const key = parseSshPrivateKey(text);
  if (typeof key === 'string') return problem(sshProblems[key]);
  const { sshIdentity } = await import('./ssh.ts');
  return { identities: [sshIdentity(key)], problems: [] };
}

const sshProblems = {
  malformed: 'it is not a well-formed SSH private key',
  passphrase:
    'the SSH key is protected by a passphrase, which this version cannot open (use an age identity, or a key without one)',
  type: 'the SSH key is neither ssh-ed25519 nor ssh-rsa, and age can use no other type',
} as const;

function parseLines(text: string): IdentityText {
  const identities: Identity[] = [];
  const problems: string[] = [];
  for (const [index, line] of text.split(/\r\n|\r|\n/).entries()) {
    const content = line.trim();
    if (content === '' || content.startsWith('#')) continue;
    for (const word of content.split(/\s+/)) {
      const identity = parseIdentity(word);
      if (typeof identity === 'string') problems.push(`line ${index + 1} ${identity}`);
      else identities.push(identity);
    }
  }
  // A text that is no key file at all would give a problem a line.
  return { identities, problems: problems.slice(0, 3) };
}

/** An identity, or what is wrong with the word, as the end of a sentence. */
function parseIdentity(word: string): Identity | string {
  const identity = x25519Identity(word) ?? hybridIdentity(word);
  if (identity !== undefined) return identity;
  const upper = word.toUpperCase();
  if (upper.startsWith('AGE-PLUGIN-')) return 'is for an age plugin, and plugins are not supported by this version';
  if (word !== upper && upper.startsWith('AGE-SECRET-KEY-'))
    return 'is an age identity in lower case; it has to be in capitals';
  if (upper.startsWith('AGE-SECRET-KEY-'))
    return 'is an age identity with a typing mistake (its checksum does not fit)';
  if (upper.startsWith('AGE1') || word.startsWith('ssh-')) return 'is a recipient (public), not an identity';
  return 'is not an age identity (AGE-SECRET-KEY-1…)';
}

/** UTF-8, or UTF-16 with a byte order mark as PowerShell's `>` writes it. */
function decodeText(content: Uint8Array): string {
  const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return bytes.toString('utf16le', 2);
  const text = bytes.toString('utf8');
  return text.startsWith('\ufeff') ? text.slice(1) : text;
}
