import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keyAddresses } from './addresses.ts';
import { parseConfig } from './load.ts';

const cases: readonly (readonly [name: string, text: string, addresses: readonly string[]])[] = [
  ['no rules', 'stores: {}', []],
  ['other kinds', 'creation_rules: [{age: age1x, pgp: X, kms: "arn:x"}]', []],
  [
    'beside key_groups, also in rules that are not reached',
    `creation_rules:
  - hc_vault_transit_uri: "https://v1/v1/t/keys/k, https://v2/v1/t/keys/k"
  - azure_keyvault: [https://n/keys/k/v]
    path_regex: x`,
    ['https://v1/v1/t/keys/k', 'https://v2/v1/t/keys/k', 'https://n/keys/k/v'],
  ],
  [
    'in groups and what they merge',
    `creation_rules:
  - key_groups:
      - hc_vault: [https://v1/v1/t/keys/k]
        merge: [{azure_keyvault: [{vaultUrl: "https://n", key: k}]}]
      - {}`,
    ['https://v1/v1/t/keys/k', 'https://n'],
  ],
];

for (const [name, text, addresses] of cases) {
  test(`addresses: ${name}`, () => {
    assert.deepEqual(keyAddresses(parseConfig(Buffer.from(text), '/repo/.sops.yaml')), addresses);
  });
}
