/** `encrypt` with rules that say nothing: no block can store them, so they must not decide about what is encrypted. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { MasterKey } from '../core/metadata.ts';
import type { SelectionRule } from '../core/selection.ts';
import { decrypt } from './decrypt.ts';
import { encrypt } from './encrypt.ts';
import { compareKeys } from './updatekeys.ts';

const key = (name: string): string =>
  readFileSync(new URL(`../../testdata/vectors/keys/${name}`, import.meta.url), 'utf8').trim();
const [age, identities] = [key('age-1.pub'), key('age-1.txt')];
const empty: readonly SelectionRule[] = [
  { kind: 'none' },
  { kind: 'encryptedSuffix', text: '' },
  { kind: 'unencryptedRegex', text: '' },
  { kind: 'encryptedCommentRegex', text: '' },
];
const texts = {
  yaml: 'a: one\nb_unencrypted: two\n',
  json: '{"a": "one", "b_unencrypted": "two"}',
  dotenv: 'a=one\nb_unencrypted=two\n',
} as const;

for (const selection of empty) {
  test(`${JSON.stringify(selection)} is the default`, async () => {
    for (const format of ['yaml', 'json', 'dotenv'] as const) {
      const text = texts[format];
      const sealed = await encrypt(text, { format, age, selection });
      assert.match(sealed, /ENC\[/);
      assert.match(sealed, /b_unencrypted\W+two/);
      assert.equal(await decrypt(sealed, { format, identities }), text);
      const again = await encrypt(`${text}\n`, { format, age, identities, selection, reuseFrom: sealed });
      assert.equal(await decrypt(again, { format, identities }), `${text}\n`);
    }
  });

  test(`${JSON.stringify(selection)} changes no rule of a file`, async () => {
    const sealed = await encrypt(texts.yaml, {
      format: 'yaml',
      age,
      selection: { kind: 'encryptedRegex', text: '^a$' },
    });
    const only: MasterKey = { kind: 'age', recipient: age, enc: '' };
    const change = await compareKeys(sealed, { groups: [[only]], shamirThreshold: 0, selection }, { format: 'yaml' });
    assert.equal(change.isNeeded, false);
  });
}
