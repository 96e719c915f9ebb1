/** Identity texts, as `age-keygen` and `ssh-keygen` write them: lenient about blanks, strict about what is a key. */

import type { KeyContext } from '../provider.ts';
import { parseArmor } from './armor.ts';
import { type AgeFile, decryptFile, type Identity, parseFile } from './file.ts';
import { hybridIdentity } from './hybrid.ts';
import { identityPlugin } from './plugin-name.ts';
import { x25519Identity } from './x25519.ts';

/** Where a text comes from, for the identities in it that need more than the text. */
export interface IdentitySource {
  /** The name of the place for people. */
  readonly place: string;
  readonly context: KeyContext;
  /** The content of the `.pub` file beside an SSH key; undefined where there is none. */
  readPublicKey?(): Promise<Uint8Array | undefined>;
}

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
export async function parseIdentities(content: Uint8Array, source: IdentitySource): Promise<IdentityText> {
  if (content.length > maxLength) return problem('it is larger than 16 MiB');
  const text = decodeText(content);
  if (text.startsWith('age-encryption.org/')) return locked(content);
  const start = text.trimStart();
  if (start.startsWith('-----BEGIN AGE ENCRYPTED FILE-----')) return locked(parseArmor(text));
  if (start.startsWith('-----BEGIN ')) return parseSshIdentity(text, source);
  return parseLines(text, source.context);
}

/** The identities inside a text that is encrypted with a passphrase; undefined where the passphrase is another one. */
export async function unlockIdentities(
  file: AgeFile,
  passphrase: string,
  context: KeyContext,
): Promise<IdentityText | undefined> {
  const { passphraseIdentity } = await import('./passphrase.ts');
  const plain = await decryptFile(file, [passphraseIdentity(passphrase)]);
  if (plain === 'no match') return undefined;
  if (typeof plain === 'string')
    return problem('the encrypted identity file is damaged, or takes more memory than there is');
  return parseLines(decodeText(plain), context);
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

async function parseSshIdentity(text: string, source: IdentitySource): Promise<IdentityText> {
  const { parseSshPrivateKey, parseSshPublicKey } = await import('./ssh-keys.ts');
  const key = await parseSshPrivateKey(text);
  if (typeof key === 'string') return problem(sshProblems[key]);
  if ('key' in key) return { identities: [(await import('./ssh.ts')).sshIdentity(key)], problems: [] };
  const beside = key.publicKey === undefined ? await source.readPublicKey?.() : undefined;
  const publicKey = beside === undefined ? key.publicKey : parseSshPublicKey(decodeText(beside));
  if (publicKey === undefined) return problem(sshProblems[beside === undefined ? 'hidden' : 'beside']);
  const { lockedSshIdentity } = await import('./ssh-locked.ts');
  const identity = lockedSshIdentity(key, publicKey, source.place, source.context.askSecret);
  return { identities: [identity], problems: [] };
}

const sshProblems = {
  malformed: 'it is not a well-formed SSH private key',
  type: 'the SSH key is neither ssh-ed25519 nor ssh-rsa, and age can use no other type',
  cipher:
    'the SSH key is protected with a cipher or a number of rounds that is not supported (ssh-keygen -p -Z aes256-ctr -a 24 -f FILE protects it anew)',
  hidden:
    'the SSH key is protected by a passphrase and its file does not show its public key (put it beside it as FILE.pub, or turn the key into the OpenSSH form with ssh-keygen -p -f FILE)',
  beside: 'the .pub file beside the SSH key is not the line of an ssh-ed25519 or ssh-rsa key',
} as const;

async function parseLines(text: string, context: KeyContext): Promise<IdentityText> {
  const identities: Identity[] = [];
  const problems: string[] = [];
  for (const [index, line] of text.split(/\r\n|\r|\n/).entries()) {
    const content = line.trim();
    if (content === '' || content.startsWith('#')) continue;
    for (const word of content.split(/\s+/)) {
      const identity = (await parseIdentity(word, context)) ?? faultOf(word);
      if (typeof identity === 'string') problems.push(`line ${index + 1} ${identity}`);
      else identities.push(identity);
    }
  }
  // A text that is no key file at all would give a problem a line.
  return { identities, problems: problems.slice(0, 3) };
}

async function parseIdentity(word: string, context: KeyContext): Promise<Identity | undefined> {
  const identity = x25519Identity(word) ?? hybridIdentity(word);
  if (identity !== undefined || identityPlugin(word) === undefined) return identity;
  return (await import('./plugin.ts')).pluginIdentity(word, context);
}

/** What is wrong with a word that is no identity, as the end of a sentence. */
function faultOf(word: string): string {
  const upper = word.toUpperCase();
  const isIdentity = /^AGE-(?:SECRET-KEY|PLUGIN)-/.test(upper);
  if (isIdentity && word !== upper) return 'is an age identity in lower case; it has to be in capitals';
  if (isIdentity) return 'is an age identity with a typing mistake (its checksum does not fit)';
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
