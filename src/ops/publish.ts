/** `publication`: an encrypted file on its way to a destination. sops 3.13.2 cmd/sops/subcommand/publish. */

import { randomBytes } from 'node:crypto';
import type { DestinationMatch } from '../config/destinations.ts';
import { DataKey } from '../core/datakey.ts';
import { defaultSelection } from '../core/selection.ts';
import { applyChanges, type Mapping, mapping, type Tree } from '../core/tree.ts';
import { TsopsError } from '../errors.ts';
import { formatEntry } from '../formats/index.ts';
import { explicitContext } from '../keys/context.ts';
import { wrapDataKey } from '../keys/groups.ts';
import type { KeyContext } from '../keys/provider.ts';
import { type DestinationEntry, destinations } from '../publish/index.ts';
import type { EditOptions } from './edit.ts';
import { bytesOf, type Content, inputFormat } from './input.ts';
import { type OpenedFile, open, parseEncrypted } from './open.ts';
import { reseal } from './reseal.ts';
import { metadataOf } from './unlock.ts';
import { compareKeys, type KeysChange } from './updatekeys.ts';

export interface PublishOptions extends EditOptions {
  /** The name of the file at the destination. */
  readonly name: string;
  readonly keys: KeyContext;
}

/** A file that is ready to be sent. */
export interface Publication {
  /** Where it goes, for people. */
  readonly address: string;
  /** Whether the destination gets decrypted values. */
  readonly isDecrypted: boolean;
  /** How the keys differ from those of the file, where it was encrypted for others. */
  readonly change: KeysChange | undefined;
  /** @throws TsopsError PUBLISH_FAILED */
  send(): Promise<'written' | 'current'>;
}

/**
 * Prepares an encrypted file for its destination: as it is, or encrypted for the keys and by the whole rule of the `recreation_rule`; for
 * a key-value store decrypted, its documents merged into one object.
 *
 * @throws TsopsError NO_DESTINATION, NOT_REPRESENTABLE, and what `decrypt` and `encrypt` throw
 */
export async function publication(
  content: Content,
  match: DestinationMatch,
  options: PublishOptions,
): Promise<Publication> {
  const entry = chosen(match);
  const destination = (await entry.load())(match.settings, options.keys);
  const bytes = bytesOf(content);
  const format = await formatEntry(inputFormat(options)).load();
  metadataOf(parseEncrypted(format, bytes));
  const recreated = entry.takes === 'file' ? match.recreation : undefined;
  const body =
    entry.takes === 'values'
      ? await valuesOf(await open(bytes, options))
      : recreated === undefined
        ? bytes
        : await recreate(await open(bytes, options), recreated, options);
  return {
    address: destination.address(options.name),
    isDecrypted: entry.takes === 'values',
    change: recreated && (await compareKeys(bytes, recreated, { ...options, keys: options.keys })),
    send: () => destination.send(options.name, body),
  };
}

function chosen({ settings }: DestinationMatch): DestinationEntry {
  const named = destinations.filter(({ setting }) => (settings.get(setting) ?? '') !== '');
  const [first, second] = named;
  if (first !== undefined && second === undefined) return first;
  const list = destinations.map(({ setting }) => setting).join(', ');
  throw new TsopsError(
    'NO_DESTINATION',
    first === undefined
      ? 'no destination configured for this file'
      : 'the destination rule names more than one destination',
    { hints: [`A destination rule has exactly one of ${list}.`] },
  );
}

async function recreate(
  opened: OpenedFile,
  rule: NonNullable<DestinationMatch['recreation']>,
  options: PublishOptions,
): Promise<Uint8Array> {
  const random = options.random ?? randomBytes;
  const dataKey = DataKey.generate(random);
  const keys = options.keys ?? explicitContext({});
  const wrapped = await wrapDataKey(dataKey, rule.groups, rule.shamirThreshold, keys, random);
  const change = {
    dataKey,
    groups: wrapped.groups,
    shamirThreshold: wrapped.threshold,
    selection: opened.format.name === 'binary' ? undefined : (rule.selection ?? defaultSelection),
    macOnlyEncrypted: rule.macOnlyEncrypted,
  };
  return reseal(opened, change, options);
}

/** All documents merged at the top level, later ones first; comments are no values. As JSON, with all digits. */
async function valuesOf({ file, changes }: OpenedFile): Promise<Uint8Array> {
  const tree: Tree<'plain'> = applyChanges(file.tree, changes);
  const entries = new Map<string, Mapping['items'][number]>();
  for (const document of tree.documents) {
    for (const item of document.items) if (item.kind === 'entry') entries.set(item.key, item);
  }
  const json = await formatEntry('json').load();
  return json.print({ documents: [mapping([...entries.values()])], slots: tree.slots }, { indent: 0 });
}
