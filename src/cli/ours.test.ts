/** Which files of a folder are taken for ours. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isOurs } from './ours.ts';

const mac = 'mac: ENC[AES256_GCM,data:AA==,iv:AA==,tag:AA==,type:str]';
const rows: [what: string, text: string, expected: boolean][] = [
  ['a block as sops writes it', `a: x\nsops:\n    age: []\n    lastmodified: "2026"\n    ${mac}\n`, true],
  ['with a comment first, and line ends of Windows', `# c\r\na: x\r\nsops:\r\n    ${mac}\r\n`, true],
  ['quoted by another tool', `a: x\nsops:\n  ${mac.replace('mac: ', 'mac: "')}"\n`, true],
  ['damaged behind its block', `a: x\nsops:\n    ${mac}\n b: [\n`, true],
  ['in flow style', `{a: x, sops: {${mac.replace('ENC', '"ENC')}"}}\n`, true],
  ['in the second document alone', `a: x\n---\nsops:\n    ${mac}\n`, false],
  ['inside of a text', `a: |\n    sops:\n        ${mac}\n`, false],
  ['a key of the same name without a mac', 'a: x\nsops: maybe\n', true],
  ['a mention in a comment', `a: x # sops\n# ${mac}\n`, false],
  ['a block behind one without a mac', `sops:\n  a: x\nsops:\n    ${mac}\n`, true],
  ['a mac behind the block', `sops:\n    a: x\nb:\n    ${mac}\n`, true],
  ['nothing of it', 'a: x\n', false],
];
for (const [what, text, expected] of rows) {
  test(`${what}: ${expected ? 'ours' : 'not ours'}`, async () => {
    assert.equal(await isOurs(new TextEncoder().encode(text), 'yaml'), expected);
  });
}

test('a block of very many lines is read', async () => {
  const text = Buffer.from(`a: x\nsops:\n${' b\n'.repeat(12_000_000)}    ${mac}\n`);
  assert.equal(await isOurs(text, 'yaml'), true);
});
