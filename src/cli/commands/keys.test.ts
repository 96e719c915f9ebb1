/** The flags and variables of master keys, as far as no server is needed for them (testdata/suites/keys.test.ts has the rest). */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { canary, recipients, Workspace } from '../../../testdata/command.ts';

const arn = 'arn:aws:kms:eu-west-1:111122223333:key/a';
const work = new Workspace();
before(() => work.write('f.yaml', `a: ${canary}\n`));
after(() => work.remove());
/** No credentials, and nobody to ask for some. */
const alone = { AWS_EC2_METADATA_DISABLED: 'true', METADATA_SERVER_DETECTION: 'none' };

describe('--encryption-context', () => {
  for (const text of ['a', 'a:b:c', 'a:b,', ',']) {
    test(`malformed: ${text}`, () => {
      for (const command of [['encrypt'], ['edit']]) {
        const file = command[0] === 'edit' ? 'new.yaml' : 'f.yaml';
        const { status, stdout, stderr } = work.run([...command, '--kms', arn, '--encryption-context', text, file]);
        assert.deepEqual([status, stdout], [6, '']);
        assert.match(stderr, /error: pair \d of \d in the encryption context .*\ntsops: hint: /);
      }
    });
  }

  test('it says nothing where no AWS key is used, nor for an existing file in edit', () => {
    const { status } = work.run(['encrypt', '--age', recipients.one, '--encryption-context', 'a:b', 'f.yaml']);
    assert.equal(status, 0);
    assert.equal(work.run(['encrypt', '--age', recipients.one, '--output', 'e.yaml', 'f.yaml']).status, 0);
    const edited = work.run(['edit', '--encryption-context', 'a', 'e.yaml'], { env: { EDITOR: 'true' } });
    assert.equal(edited.status, 200);
  });
});

test('--timeout', () => {
  for (const text of ['0', '-1', 'x', '1.5']) {
    assert.equal(work.run(['encrypt', '--age', recipients.one, '--timeout', text, 'f.yaml']).status, 1);
  }
  assert.equal(work.run(['encrypt', '--age', recipients.one, '--timeout=5', 'f.yaml']).status, 0);
});

/** A text that no key of the kind is, for each flag. */
const wrong: readonly (readonly [flag: string, variable: string, text: string])[] = [
  ['kms', 'SOPS_KMS_ARN', `${arn},`],
  ['gcp-kms', 'SOPS_GCP_KMS_IDS', 'projects/p,'],
  ['hckms', 'SOPS_HUAWEICLOUD_KMS_IDS', 'id'],
  ['azure-kv', 'SOPS_AZURE_KEYVAULT_URLS', 'http://x/keys/k'],
  ['pgp', 'SOPS_PGP_FP', 'x'],
  ['hc-vault-transit', 'SOPS_VAULT_URIS', 'x'],
  ['age', 'SOPS_AGE_RECIPIENTS', 'x'],
];
for (const [flag, variable, text] of wrong) {
  test(`--${flag} and ${variable}`, () => {
    const given = work.run(['encrypt', `--${flag}`, text, 'f.yaml']);
    assert.deepEqual([given.status, given.stdout], [1, '']);
    assert.match(given.stderr, /^tsops: error: /);
    assert.deepEqual(work.run(['encrypt', 'f.yaml'], { env: { [variable]: text } }), given);
  });
}

test('a key that cannot be used: nothing is written, and the next act is named', () => {
  const before = work.read('f.yaml');
  const args = ['encrypt', '-i', '--age', recipients.one, '-k', arn, '--gcp-kms', 'projects/p', 'f.yaml'];
  const { status, stdout, stderr } = work.run(args, { env: alone });
  assert.deepEqual([status, stdout, work.read('f.yaml')], [1, '', before]);
  assert.match(stderr, /could not be encrypted for every master key:\n {2}kms arn:\S+: .*\n {2}gcp_kms projects\/p: /);
  assert.match(stderr, /^tsops: hint: For AWS KMS: log in /m);
  assert.ok(!stderr.includes(' age '), stderr);
});

test('the role of a key on the command line is shown with it', () => {
  const role = `${arn}+arn:aws:iam::111122223333:role/r`;
  const { stderr } = work.run(['encrypt', '--kms', role, '--aws-profile', 'nobody', 'f.yaml'], { env: alone });
  assert.match(stderr, /^ {2}kms arn:.*: .*\n/m);
  assert.match(stderr, /profile/);
});
