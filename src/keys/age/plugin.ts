/** Recipients and identities of age plugins: programs `age-plugin-NAME` that the user has installed. C2SP age-plugin. */

import { TsopsError } from '../../errors.ts';
import type { KeyContext } from '../provider.ts';
import { type Identity, type Recipient, sealFile, type Unwrapped } from './file.ts';
import type { Header, Stanza } from './header.ts';
import { identityPlugin, recipientPlugin } from './plugin-name.ts';
import { converse, type PluginFault, stanza } from './plugin-talk.ts';
import { fileKeyLength } from './primitives.ts';

/** What encrypts for `age1NAME1…`; undefined where the text is not one. Its `encrypt` throws TsopsError WRAP_FAILED. */
export function pluginRecipient(text: string, context: KeyContext): Recipient | undefined {
  const name = recipientPlugin(text);
  if (name === undefined) return undefined;
  return {
    async encrypt(plain, random) {
      const fileKey = random(fileKeyLength);
      const stanzas = await wrap(text, name, fileKey, context);
      if (Array.isArray(stanzas)) return sealFile(plain, fileKey, stanzas, random);
      throw new TsopsError('WRAP_FAILED', stanzas.reason, { hints: stanzas.hints });
    },
  };
}

async function wrap(
  recipient: string,
  name: string,
  fileKey: Uint8Array,
  context: KeyContext,
): Promise<Stanza[] | PluginFault> {
  const stanzas: Stanza[] = [];
  const commands = [stanza('add-recipient', [recipient]), stanza('wrap-file-key', [], fileKey)];
  const take = ({ type, args: [file, wrappedType, ...args], body }: Stanza) => {
    if (type !== 'recipient-stanza') return undefined;
    // There is one file, so its index is 0.
    if (file !== '0' || wrappedType === undefined) return 'malformed';
    stanzas.push(stanza(wrappedType, args, body));
    return 'ok';
  };
  const fault = await converse({ name, machine: 'recipient-v1', commands, take }, context);
  if (fault !== undefined) return fault;
  if (stanzas.length > 0) return stanzas;
  return { reason: `age-plugin-${name} said that it was done, and had wrapped nothing`, hints: [], lasting: false };
}

/** The identity `AGE-PLUGIN-NAME-1…`; undefined where the text is not one. Which stanzas are its own only the plugin knows. */
export function pluginIdentity(text: string, context: KeyContext): Identity | undefined {
  const name = identityPlugin(text);
  if (name === undefined) return undefined;
  let broken: PluginFault | undefined;
  return {
    asks: true,
    async unwrap(header) {
      if (broken !== undefined) return broken;
      const fileKey = await unwrap(text, name, header, context);
      if (typeof fileKey === 'object' && 'lasting' in fileKey && fileKey.lasting) broken = fileKey;
      return fileKey;
    },
  };
}

async function unwrap(
  identity: string,
  name: string,
  header: Header,
  context: KeyContext,
): Promise<Unwrapped | PluginFault> {
  let fileKey: Uint8Array | undefined;
  const commands = [
    stanza('add-identity', [identity]),
    ...header.stanzas.map(({ type, args, body }) => stanza('recipient-stanza', ['0', type, ...args], body)),
  ];
  const take = ({ type, args, body }: Stanza) => {
    if (type !== 'file-key') return undefined;
    if (args.length !== 1 || args[0] !== '0' || fileKey !== undefined || body.length !== fileKeyLength)
      return 'malformed';
    fileKey = body;
    return 'ok';
  };
  const fault = await converse({ name, machine: 'identity-v1', commands, take }, context);
  return fault ?? fileKey ?? 'no match';
}
