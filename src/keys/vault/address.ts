/** Vault key URIs, and the places of a Vault server that a key of a file may name. sops 3.13.2 hcvault/keysource.go */

import { posix } from 'node:path';
import type { VaultKey } from '../../core/metadata.ts';
import { TsopsError } from '../../errors.ts';

/** Strict, so that no two parsers can see two hosts in it: no user name, no path, no escapes. */
const addressPattern = /^https?:\/\/(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?\/?$/i;
const uriPattern = /^(https?:\/\/[^/?#\s]+)(\/[^?#\s]*)$/i;
/** What can stand in a path as it is and means nothing there: no `%`, no `?`, no `;`, no slash. */
const stepPattern = /^[A-Za-z0-9_.~+@:=,-]+$/;
const maxPathLength = 1024;

/** The keys of a comma separated text; empty pieces are passed over, spaces are not. @throws TsopsError KEY_INVALID */
export function parse(text: string, createdAt = `${new Date().toISOString().slice(0, 19)}Z`): VaultKey[] {
  return text.split(',').flatMap(piece => (piece === '' ? [] : [parseUri(piece, createdAt)]));
}

function parseUri(uri: string, createdAt: string): VaultKey {
  const [, address = '', path = ''] = uriPattern.exec(uri) ?? [];
  const vaultAddress = address.replace(/^https?/i, scheme => scheme.toLowerCase());
  if (/\/[^/]+\/v\d+(?:\/[^/]+){3}/.test(path))
    throw invalid('has a path before /v1, which neither sops nor tsops can use');
  if (!/\/v\d+(?:\/[^/]+){3}/.test(path)) throw invalid('is not well formed');
  if (address.includes('@')) throw invalid('holds a user name or password, which would stand in the file');
  const steps = path.replace(/^\/+|\/+$/g, '').split('/');
  const enginePath = posix.join(...steps.slice(1, -2));
  const key: VaultKey = { kind: 'hc_vault', vaultAddress, enginePath, keyName: steps.at(-1) ?? '', createdAt, enc: '' };
  if (originOf(vaultAddress) === undefined) throw invalid('has a host or port that cannot be one');
  if (transitPath(key, 'encrypt') === undefined) throw invalid('has characters that no engine path or key name has');
  return key;
}

function invalid(what: string): TsopsError {
  return new TsopsError('KEY_INVALID', `a Vault key URI ${what}`, {
    hints: [
      'It looks like https://vault.example.com:8200/v1/transit/keys/KEY. Commas without spaces separate several.',
    ],
  });
}

/** Scheme, host and port of the address of a Vault server in their one spelling, or undefined where it is not such an address. */
export function originOf(address: string): string | undefined {
  return addressPattern.test(address) && URL.canParse(address) ? new URL(address).origin : undefined;
}

/** The path of a request about a key, or undefined where its engine path or name would lead to another place. */
export function transitPath(key: VaultKey, verb: 'encrypt' | 'decrypt'): string | undefined {
  const engine = key.enginePath.replace(/^\/|\/$/g, '');
  const path = `/v1/${engine}/${verb}/${key.keyName}`;
  const steps = [...engine.split('/'), key.keyName];
  const plain = steps.every(step => stepPattern.test(step) && step !== '.' && step !== '..');
  return plain && path.length <= maxPathLength ? path : undefined;
}
