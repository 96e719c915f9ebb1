import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { TsopsError } from '../../errors.ts';
import { explicitContext } from '../context.ts';
import type { KeyContext } from '../provider.ts';
import { checkTrust } from './trust.ts';

const address = 'https://vault.example.com:8200';
const contextOf = (vars: Record<string, string>, trustedAddresses?: string[]): KeyContext => ({
  ...explicitContext({}),
  env: name => vars[name],
  trustedAddresses: trustedAddresses && (async () => trustedAddresses),
});
const list = (text: string): Record<string, string> => ({ SOPS_HC_VAULT_ALLOWLIST: text });

/** With a list, what counts is what sops 3.13.2 does with it, for wrapping and unwrapping. */
const lists: [text: string, address: string, expected: true | RegExp][] = [
  ['all', address, true],
  ['none', address, /does not allow/],
  ['All', address, /does not allow/],
  [address, address, true],
  [`${address}/`, address, true],
  [address, `${address}/`, true],
  [`https://other, ${address} `, address, true],
  ['https://vault.example.com', address, /does not allow/],
  ['https://vault.example.com:82', address, /does not allow/],
  ['https://vault.example.com', 'https://vault.example.com.evil.com', /does not allow/],
  ['https://vault.example.com', 'https://vault.example.com@evil.com', /does not allow/],
  ['HTTPS://vault.example.com:8200', address, /does not allow/],
  ['vault.example.com:8200', address, /does not allow/],
  [`${address},`, address, /entry 2 .* is empty/],
  [' ', address, /entry 1 .* is empty/],
  [',all', address, /entry 1 .* is empty/],
];

describe('SOPS_HC_VAULT_ALLOWLIST', () => {
  for (const [text, asked, expected] of lists) {
    for (const fromFile of [true, false]) {
      test(`${JSON.stringify(text)} and ${asked}, ${fromFile ? 'from a file' : 'given'}`, async () => {
        const check = () => checkTrust(asked, fromFile, contextOf({ ...list(text), VAULT_ADDR: address }));
        if (expected === true) await check();
        else await assert.rejects(check, error => error instanceof TsopsError && expected.test(error.message));
      });
    }
  }
});

const named: [name: string, context: KeyContext, isTrusted: boolean][] = [
  ['nobody names it', contextOf({}), false],
  ['an empty list is none', contextOf(list('')), false],
  ['VAULT_ADDR', contextOf({ VAULT_ADDR: address }), true],
  ['VAULT_ADDR with a path', contextOf({ VAULT_ADDR: `${address}/` }), true],
  ['VAULT_ADDR in another spelling', contextOf({ VAULT_ADDR: 'HTTPS://VAULT.example.com:8200' }), true],
  ['VAULT_ADDR: another port', contextOf({ VAULT_ADDR: 'https://vault.example.com' }), false],
  ['VAULT_ADDR: another scheme', contextOf({ VAULT_ADDR: 'http://vault.example.com:8200' }), false],
  ['VAULT_ADDR that is none', contextOf({ VAULT_ADDR: 'vault' }), false],
  ['SOPS_VAULT_URIS', contextOf({ SOPS_VAULT_URIS: `https://x/v1/t/keys/k, ${address}/v1/t/keys/k` }), true],
  ['SOPS_VAULT_URIS: others', contextOf({ SOPS_VAULT_URIS: 'https://x/v1/t/keys/k' }), false],
  ['the configuration', contextOf({}, [`${address}/v1/transit/keys/other`]), true],
  ['the configuration: the address alone', contextOf({}, [address]), true],
  ['the configuration: others', contextOf({}, ['', 'age1xyz', `https://x/${address}`, `https://x@${address}`]), false],
  ['an agent is asked instead', contextOf({ VAULT_AGENT_ADDR: 'http://127.0.0.1:8100' }), true],
];

describe('without a list', () => {
  for (const [name, context, isTrusted] of named) {
    test(name, async () => {
      await checkTrust(address, false, context);
      if (isTrusted) return checkTrust(address, true, context);
      await assert.rejects(
        () => checkTrust(address, true, context),
        error => {
          assert.ok(error instanceof TsopsError && /only the file names this server/.test(error.message));
          assert.match(error.hints.join('\n'), /SOPS_HC_VAULT_ALLOWLIST=https:\/\/vault\.example\.com:8200/);
          return true;
        },
      );
    });
  }
});

test('the configuration is asked only where nothing else decides', async () => {
  const context = (vars: Record<string, string>): KeyContext => ({
    ...contextOf(vars),
    trustedAddresses: async () => assert.fail('it was asked'),
  });
  await checkTrust(address, true, context({ VAULT_ADDR: address }));
  await checkTrust(address, true, context(list(address)));
  await checkTrust(address, false, context({}));
  await assert.rejects(checkTrust(address, true, context({})), /it was asked/);
});
