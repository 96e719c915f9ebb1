/**
 * `checkFile`: whether a file is encrypted as its creation rule says, and sound, without any key; with keys also whether its MAC fits.
 * `docs/check.md`
 */

import { isNeverEncrypted } from '../config/rules.ts';
import { defaultSelection } from '../core/selection.ts';
import { TsopsError } from '../errors.ts';
import type { EncryptedFile, FormatName } from '../formats/format.ts';
import { formatEntry } from '../formats/index.ts';
import { checkBlock, driftFindings, duplicateBlock, type RuleOfFile } from './checkblock.ts';
import { checkValues, placeOfPath, plainValues } from './checkvalues.ts';
import { type Finding, type FindingKind, findingOf, shortened } from './finding.ts';
import { bytesOf, type Content, type FormatOptions, inputFormat } from './input.ts';
import { open } from './open.ts';
import type { OpenOptions } from './unlock.ts';

export interface CheckOptions extends Pick<FormatOptions, 'filename' | 'format'> {
  /** The creation rule of the file, as `matchRule` gives it; undefined where it has none. */
  readonly match?: (RuleOfFile & { readonly isForAll: boolean }) | undefined;
  /** What the file is decrypted with to check its MAC. Default: it is not decrypted. */
  readonly verify?: OpenOptions | undefined;
}

/**
 * What is wrong with a file; nothing for a sound one, and for one that no rule claims and that is not encrypted. Nothing of the
 * network is used but by the keys of `verify`.
 *
 * @throws TsopsError USAGE; AUDIT_FAILED and EDIT_CANCELLED from the keys of `verify`. All that is wrong with the file is a finding.
 * @see docs/check.md
 */
export async function checkFile(content: Content, options: CheckOptions): Promise<Finding[]> {
  const bytes = bytesOf(content);
  const subject = subjectOf(bytes, options);
  if (bytes.length === 0 || (subject.claim === 'none' && !subject.isMarked)) return [];
  const findings = shortened(await findingsOf(bytes, subject, options));
  return findings.some(isOfBlock) ? withLines(findings, bufferOf(bytes), subject.format) : findings;
}

/** What a creation rule wants of a file: that it is encrypted, that nothing in it looks like a secret, or nothing. */
type Claim = 'encrypted' | 'noSecrets' | 'none';

interface Subject {
  readonly claim: Claim;
  readonly format: FormatName;
  /** Whether the format is a guess from the content. */
  readonly isGuess: boolean;
  /** Whether the bytes hold what encrypted files hold. */
  readonly isMarked: boolean;
}

function subjectOf(bytes: Uint8Array, options: CheckOptions): Subject {
  const asNamed = inputFormat(options);
  const buffer = bufferOf(bytes);
  const isMarked = buffer.includes('sops') && buffer.includes('ENC[AES256_GCM,');
  const guess = isMarked && asNamed === 'binary' && options.format === undefined ? guessed(buffer) : undefined;
  return { claim: claimOf(options, asNamed), format: guess ?? asNamed, isGuess: guess !== undefined, isMarked };
}

const bufferOf = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/**
 * A rule with a pattern means the files that match it. One without a pattern is there for files that are made later; it cannot mean
 * that a `package.json` beside them is to be encrypted.
 */
function claimOf({ match, filename }: CheckOptions, format: FormatName): Claim {
  if (match === undefined || isNeverEncrypted(filename ?? '')) return 'none';
  if (!match.isForAll) return 'encrypted';
  return format === 'binary' ? 'none' : 'noSecrets';
}

/** A name such as `.env.production` does not tell the format; the block does. */
function guessed(buffer: Buffer): FormatName | undefined {
  const starts = (text: string): boolean =>
    buffer.subarray(0, text.length).equals(Buffer.from(text)) || buffer.includes(`\n${text}`);
  if (starts('sops_mac=') || starts('sops_version=')) return 'dotenv';
  if (starts('[sops]')) return 'ini';
  return starts('sops:') ? 'yaml' : undefined;
}

async function findingsOf(bytes: Uint8Array, subject: Subject, options: CheckOptions): Promise<Finding[]> {
  const { claim, format, isMarked } = subject;
  const isOurs = claim === 'encrypted' || (isMarked && (format !== 'binary' || bytes[0] === openingBrace));
  const conflict = isOurs ? conflictIn(bufferOf(bytes)) : undefined;
  if (conflict !== undefined) return [conflict];
  const parsed = await parse(bytes, format);
  if (parsed instanceof TsopsError) return unparsed(bytes, subject, parsed, options);
  if (parsed.blocks.length === 0) return plainFindings(parsed, subject, options);
  return encryptedFindings(bytes, parsed, subject, options);
}

const openingBrace = 0x7b;

function conflictIn(buffer: Buffer): Finding | undefined {
  const places = ['<<<<<<< ', '||||||| ', '>>>>>>> '].flatMap(marker => {
    if (buffer.subarray(0, marker.length).equals(Buffer.from(marker))) return [0];
    const at = buffer.indexOf(`\n${marker}`);
    return at < 0 ? [] : [at + 1];
  });
  if (places.length === 0) return undefined;
  return {
    kind: 'conflict-marker',
    message: 'the file holds the markers of a merge conflict',
    ...lineAt(buffer, Math.min(...places)),
    hint: 'Take one side as it is, and make the change of the other again with `tsops edit`.',
  };
}

async function parse(bytes: Uint8Array, name: FormatName): Promise<EncryptedFile | TsopsError> {
  const format = await formatEntry(name).load();
  try {
    return format.parse(bytes, 'encrypted');
  } catch (error) {
    if (error instanceof TsopsError) return error;
    throw error;
  }
}

function unparsed(
  bytes: Uint8Array,
  { claim, format, isGuess, isMarked }: Subject,
  error: TsopsError,
  { match }: CheckOptions,
): Finding[] {
  if (isMarked && (claim !== 'none' || (format !== 'binary' && !isGuess))) {
    if (hasTwoBlocks(bytes, format)) return [duplicateBlock()];
    return [findingOf(error.code === 'METADATA_INVALID' ? 'metadata' : 'unreadable', error)];
  }
  if (claim !== 'encrypted') return [];
  // Where the rule picks out values, such as those of Kubernetes Secrets, there may be none in this file.
  const picks = match?.selection?.kind.startsWith('encrypted') === true && format !== 'binary';
  return [picks ? findingOf('unreadable', error) : plaintextFile(match)];
}

/** Formats refuse a repeated key before they know what it means. */
function hasTwoBlocks(bytes: Uint8Array, format: FormatName): boolean {
  const text = bufferOf(bytes).toString('latin1');
  if (format === 'dotenv') return (text.match(/^sops_mac=/gm)?.length ?? 0) > 1;
  if (format !== 'yaml') return false;
  return text.split(/^---/m).some(part => (part.match(/^(?:sops|"sops"|'sops')[ \t]*:/gm)?.length ?? 0) > 1);
}

function plaintextFile(match: CheckOptions['match']): Finding {
  const rule = match === undefined ? '' : ` ${match.index + 1} (line ${match.line} of the configuration)`;
  return {
    kind: 'plaintext-file',
    message: `the file is not encrypted, and creation rule${rule} claims it`,
    line: 1,
    hint: 'Encrypt it with `tsops encrypt -i FILE`; if it was committed, change what is in it.',
  };
}

async function plainFindings(
  file: EncryptedFile,
  { claim, format }: Subject,
  { match }: CheckOptions,
): Promise<Finding[]> {
  if (claim === 'none') return [];
  const rule = format === 'binary' ? ({ kind: 'none' } as const) : (match?.selection ?? defaultSelection);
  const { selectsSomething, hasCiphertext, secrets } = await plainValues(file, rule);
  if (hasCiphertext) return [withoutBlock];
  return claim === 'encrypted' && selectsSomething ? [plaintextFile(match)] : [...secrets];
}

const withoutBlock: Finding = {
  kind: 'metadata',
  message: 'the file holds ciphertexts and no sops block, so that nobody can decrypt it',
  line: 1,
  hint: 'Restore the sops block from version control.',
};

async function encryptedFindings(
  bytes: Uint8Array,
  file: EncryptedFile,
  { format }: Subject,
  options: CheckOptions,
): Promise<Finding[]> {
  const { match, verify } = options;
  const { metadata, findings } = checkBlock(file);
  if (metadata === undefined) return [...findings];
  const isBinary = format === 'binary' && isEnvelope(file);
  const values = await checkValues(
    file,
    isBinary ? { kind: 'none' } : metadata.selection,
    isBinary ? undefined : match?.selection,
  );
  const drift = match === undefined || findings.length > 0 ? [] : driftFindings(metadata, match, isBinary);
  const isOpenable = findings.length === 0 && !values.some(({ kind }) => closing.has(kind));
  const opened = verify === undefined || !isOpenable ? [] : await verifyFindings(bytes, file, format, verify);
  return [...findings, ...drift, ...values, ...opened];
}

/** The content of a binary file is one value, which no rule leaves in clear. */
function isEnvelope({ tree }: EncryptedFile): boolean {
  const items = tree.documents[0]?.items ?? [];
  return items.length === 1 && items[0]?.kind === 'entry' && items[0].key === 'data';
}

/** With one of these a file does not decrypt, and why has been said. */
const closing: ReadonlySet<FindingKind> = new Set(['plaintext-value', 'damaged-value']);

async function verifyFindings(
  bytes: Uint8Array,
  file: EncryptedFile,
  format: FormatName,
  verify: OpenOptions,
): Promise<Finding[]> {
  try {
    await open(bytes, { ...verify, format, ignoreMac: false, onUnverifiedComments: undefined });
    return [];
  } catch (error) {
    if (!(error instanceof TsopsError) || error.code === 'AUDIT_FAILED' || error.code === 'EDIT_CANCELLED') throw error;
    const finding = findingOf(openingKinds[error.code] ?? 'unverified', error);
    if (finding.path === undefined) return [finding];
    return [{ ...finding, ...placeOfPath(file, finding.document ?? 0, finding.path) }];
  }
}

const openingKinds: Readonly<Partial<Record<string, FindingKind>>> = {
  MAC_MISMATCH: 'mac',
  VALUE_UNDECRYPTABLE: 'damaged-value',
  METADATA_INVALID: 'metadata',
};

const isOfBlock = ({ line, path }: Finding): boolean =>
  line === undefined && (path === undefined || path[0] === 'sops');

/** What is said of the block stands at the block. */
function withLines(findings: readonly Finding[], buffer: Buffer, format: FormatName): Finding[] {
  const place = lineAt(buffer, blockStart(buffer, format));
  return findings.map(finding => (isOfBlock(finding) ? { ...finding, ...place } : finding));
}

const blockMarks: Readonly<Record<FormatName, readonly string[]>> = {
  yaml: ['\nsops:', '\n"sops":', 'sops:'],
  json: ['"sops"'],
  binary: ['"sops"'],
  dotenv: ['\nsops_', 'sops_'],
  ini: ['[sops]'],
};

/** The last block; in dotenv files, the first of its lines. */
function blockStart(buffer: Buffer, format: FormatName): number {
  for (const mark of blockMarks[format]) {
    const at = format === 'dotenv' ? buffer.indexOf(mark) : buffer.lastIndexOf(mark);
    if (at >= 0) return at + (mark.startsWith('\n') ? 1 : 0);
  }
  return 0;
}

/** The line of an offset; what is said of a line as a whole has no column. */
function lineAt(buffer: Buffer, offset: number): { readonly line: number } {
  let line = 1;
  for (let at = buffer.indexOf(10); at >= 0 && at < offset; at = buffer.indexOf(10, at + 1)) line++;
  return { line };
}
