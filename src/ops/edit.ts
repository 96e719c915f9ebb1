/** `edit`: decrypt, let the caller change the text, encrypt again under the same data key. `docs/format.md` §9. */

import { randomBytes } from 'node:crypto';
import type { RandomSource } from '../core/cipher.ts';
import type { SelectionRule } from '../core/selection.ts';
import { TsopsError } from '../errors.ts';
import type { Format, PlainFile } from '../formats/format.ts';
import { bytesOf, type Content, likeInput, timestampOf } from './input.ts';
import { type OpenedFile, open } from './open.ts';
import { seal } from './seal.ts';
import type { OpenOptions } from './unlock.ts';

export interface EditOptions extends OpenOptions {
  /** Whether values below `data` of Kubernetes Secrets are shown and taken decoded, not in base64. YAML and JSON. Default: false. */
  readonly k8s?: boolean | undefined;
  readonly allowNothing?: boolean | undefined;
  readonly keepSpelling?: boolean | undefined;
  /** Default: the present. */
  readonly now?: Date | undefined;
  readonly random?: RandomSource | undefined;
}

/** Makes an encrypted binary file of a text that could not be made a new version of the file; whoever opens the file opens it too. */
export type Rescue = (text: Uint8Array) => Promise<Uint8Array>;

/** Throws what is wrong with an edited text, so that it can go back to the editor before anything is lost. */
export type EditCheck = (edited: Uint8Array) => void;

/**
 * Changes an encrypted file through its plain text. Values that did not change keep their ciphertext, so that the diff
 * shows the changed values, `mac` and `lastmodified`.
 *
 * @param change gets the plain bytes and a check for edited ones; gives the edited bytes.
 * @throws TsopsError FILE_UNCHANGED when `change` gives back the same bytes, and all that `decrypt` and `encrypt` throw.
 */
export async function edit<C extends Content>(
  content: C,
  change: (plain: Uint8Array, check: EditCheck, rescue: Rescue) => Promise<Uint8Array> | Uint8Array,
  options: EditOptions,
): Promise<C> {
  const opened = await open(bytesOf(content), { ...options, outputFormat: undefined });
  const plain = opened.file.rewrite(opened.changes, opened.spelling?.text);
  const view = options.k8s ? await (await import('./k8sview.ts')).SecretsView.of(opened.format, plain) : undefined;
  const shown = view?.bytes ?? plain;
  const restored = (bytes: Uint8Array): Uint8Array => view?.restore(bytes) ?? bytes;
  const edited = await change(
    shown,
    bytes => void parseEdited(opened, restored(bytes)),
    text => rescued(opened, text, options),
  );
  if (Buffer.compare(shown, edited) === 0) {
    throw unchanged();
  }
  const after = restored(edited);
  return likeInput(content, await resealed(opened, parseEdited(opened, after), after, options));
}

export function unchanged(): TsopsError {
  return new TsopsError('FILE_UNCHANGED', 'the file has not changed, so it was left as it is', {
    hints: ['An editor that returns at once needs its wait flag, for example EDITOR="code --wait".'],
  });
}

/**
 * A text that could not be made a new version of the file, such as one that does not parse, as an encrypted binary file under the data
 * key and the wrapped keys of the file: whoever opens the file opens it too. `tsops decrypt` gives the text back.
 */
export async function rescued(opened: OpenedFile, text: Uint8Array, options: EditOptions): Promise<Uint8Array> {
  const { binary } = await import('../formats/binary/index.ts');
  return seal({
    format: binary,
    output: binary,
    file: binary.parse(text, 'plain'),
    bytes: text,
    metadata: {
      ...opened.metadata,
      selection: { kind: 'none' },
      macOnlyEncrypted: false,
      spelling: undefined,
      lastModified: timestampOf(options.now ?? new Date()),
    },
    dataKey: opened.dataKey,
    random: options.random ?? randomBytes,
    indent: undefined,
    allowNothing: true,
    keepSpelling: true,
  });
}

/** The changed plain text of an opened file, encrypted under the same data key; in `output` where that is another format. */
export function resealed(
  opened: OpenedFile,
  file: PlainFile,
  bytes: Uint8Array,
  options: EditOptions,
  output: Format = opened.format,
): Promise<Uint8Array> {
  return seal({
    format: opened.format,
    output,
    file,
    bytes,
    metadata: { ...opened.metadata, ...ruleOf(opened), lastModified: timestampOf(options.now ?? new Date()) },
    dataKey: opened.dataKey,
    random: options.random ?? randomBytes,
    indent: options.indent,
    allowNothing: options.allowNothing ?? false,
    keepSpelling: options.keepSpelling ?? true,
    previous: { file: opened.file, stash: opened.stash, spelling: opened.spelling },
  });
}

/** A binary file has no rule; the default that reading assumes must not enter its block. */
export function ruleOf(opened: OpenedFile): { selection?: SelectionRule } {
  return opened.format.name === 'binary' ? { selection: { kind: 'none' } } : {};
}

/** An editor shows no block, so this one was typed. */
function reservedInEdited(document: number): TsopsError {
  const code = document > 0 ? 'RESERVED_KEY' : 'ALREADY_ENCRYPTED';
  return new TsopsError(
    code,
    'the edited text has the top-level key sops, which is reserved for the block of the file',
    {
      document,
      hints: ['Rename or remove that key; the block itself is kept and renewed for you.'],
    },
  );
}

export function parseEdited(opened: OpenedFile, edited: Uint8Array): PlainFile {
  const file = opened.format.parse(edited, 'plain');
  if (file.tree.documents.length === 0)
    throw new TsopsError('EMPTY_FILE', 'the edited file holds no document', {
      hints: ['Put at least one key and value into it.'],
    });
  if (file.blocks.length > 0) throw reservedInEdited(file.blocks[0]?.document ?? 0);
  return file;
}
