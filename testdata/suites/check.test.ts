/** `check` of the built command over a repository of 300 sound files and over the same one with planted faults: these are found, and nothing else. */

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { encrypt, formatOf, matchRule, parseConfig } from '../../src/index.ts';
import { newFolder, type Run, removeFolder, runTsops, vectors } from './harness.ts';

const recipient = (n: number): string => readFileSync(join(vectors, 'keys', `age-${n}.pub`), 'utf8').trim();
const [one, two, three] = [recipient(1), recipient(2), recipient(3)];
const canary = 'canary-4f1b9c';
const rules = (keys = one): string => `creation_rules:
  - path_regex: ^k8s/.*\\.yaml$
    encrypted_regex: ^(data|stringData)$
    age: ${keys}
  - path_regex: ^groups/
    shamir_threshold: 2
    key_groups: [{age: [${one}]}, {age: [${two}]}, {age: [${three}]}]
  - path_glob: secrets/**
    age: ${keys}
  - age: ${one},${two}
`;

const k8s = (n: number): string => `apiVersion: v1
kind: Secret
metadata:
  name: app-${n}
  uid: 1b4e28ba-2fa1-11d2-883f-0016d3cca4${String(n % 100).padStart(2, '0')}
  annotations:
    checksum/config: 8c7dd922ad47494fc02c388e12c00eac${n}
    image: registry.example.org/team/app@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
    role: arn:aws:iam::123456789012:role/MyApp-Role-${n}
    ssh: ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ1ZKqRb0m8W3nB5vXyT7uPzQeGhLk2aDsFcVx9MwYjR me@host
stringData:
  # the main one
  password: ${canary}-${n}
`;

const plainOf: Readonly<Record<string, (n: number) => string>> = {
  'k8s/%.yaml': k8s,
  'groups/a/%.yaml': n => `a: ${canary}${n}\nlist:\n  - 1\n  - x # y\n---\nb: true\n`,
  'secrets/deep/er/%.json': n => `{"a": "${canary}", "b": [${n}, null, ""]}\n`,
  'secrets/%.env': n => `# c\nA=${canary}\nB=${n}\n`,
  'secrets/%.ini': n => `; c\n[s]\na = ${canary}\nb = ${n}\n`,
  'secrets/%.bin': n => `${canary} ${n}\n`,
  'other/%.yaml': n => `token: ${canary}${n}\nname_unencrypted: public\n`,
};

/** Files that no rule means, or in which there is nothing to encrypt. */
const passed: Readonly<Record<string, string>> = {
  'package.json': '{"name": "x", "version": "1.0.0"}\n',
  'k8s/deployment.yaml': 'apiVersion: apps/v1\nkind: Deployment\nspec: {replicas: 2}\n',
  'README.md': 'An encrypted value looks like ENC[AES256_GCM,data:x]; the block is called sops.\nsops:\n    mac: x\n',
  'compose.yaml': 'services: {db: {environment: {POSTGRES_PASSWORD: "$' + '{PASSWORD}"}}}\n',
  'secrets/.gitkeep': '',
};

type Files = Map<string, string>;

async function sealed(path: string, text: string, config: string): Promise<string> {
  const match = await matchRule(parseConfig(Buffer.from(config), '/r/.sops.yaml'), `/r/${path}`, { now: new Date() });
  assert.ok(match !== undefined);
  return encrypt(text, { ...match, format: formatOf(path) });
}

async function soundFiles(): Promise<Files> {
  const files: Files = new Map(Object.entries(passed));
  const kinds = Object.entries(plainOf);
  for (let n = 0; n < 300; n++) {
    const [pattern, make] = kinds[n % kinds.length] ?? assert.fail();
    const path = pattern.replace('%', `f${n}`);
    files.set(path, await sealed(path, make(n), rules()));
  }
  return files;
}

type Planted = readonly [
  path: string,
  kind: string,
  make: (seal: (text: string, config?: string) => Promise<string>) => Promise<string> | string,
];

const cut = (text: string, pattern: RegExp, by: string): string => {
  assert.match(text, pattern);
  return text.replace(pattern, by);
};
const aws = `AK${'IA'}Z7Q2M4N8R6T3V5W9`;
const github = `gh${'p_'}a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8`;
const other = rules(two);
const yaml = `a: ${canary}\nb: x\n`;
const clearK8s = (line: string): string => k8s(1).replace('annotations:\n', `annotations:\n    ${line}\n`);

const planted: readonly Planted[] = [
  ['secrets/p1.yaml', 'plaintext-file', () => yaml],
  ['secrets/p2.json', 'plaintext-file', () => '{"a": "x"}\n'],
  ['secrets/p3.env', 'plaintext-file', () => 'A=x\n'],
  ['secrets/p4.ini', 'plaintext-file', () => '[a]\nb = x\n'],
  ['secrets/p5.bin', 'plaintext-file', () => 'x\n'],
  ['k8s/p6.yaml', 'plaintext-file', () => k8s(1)],
  ['secrets/v1.yaml', 'plaintext-value', async seal => `added: hunter2\n${await seal(yaml)}`],
  [
    'secrets/v2.json',
    'plaintext-value',
    async seal => cut(await seal('{"a": "x", "b": "y"}'), /"ENC\[[^"]*"/, '"hunter2"'),
  ],
  ['secrets/v3.env', 'plaintext-value', async seal => `ADDED=hunter2\n${await seal('A=x\n')}`],
  ['secrets/v4.ini', 'plaintext-value', async seal => cut(await seal('[s]\na = x\n'), /a\s*= ENC.*/, 'a = hunter2')],
  ['other/v5.yaml', 'plaintext-value', async seal => `added: 17\n${await seal(yaml)}`],
  ['secrets/c1.yaml', 'plaintext-comment', async seal => `# added by hand\n${await seal(yaml)}`],
  ['secrets/d1.yaml', 'damaged-value', async seal => cut(await seal(yaml), /,tag:[^,]*/, '')],
  ['k8s/s1.yaml', 'stray-ciphertext', async seal => cut(await seal(k8s(1)), /^stringData/m, 'strings')],
  ['k8s/l1.yaml', 'secret-in-clear', seal => seal(clearK8s(`aws: ${aws}`))],
  ['k8s/l2.yaml', 'secret-in-clear', seal => seal(clearK8s(`x: ${github}`))],
  ['k8s/l3.yaml', 'secret-in-clear', seal => seal(clearK8s('db: postgres://app:hunter2@db/app'))],
  ['k8s/l4.yaml', 'secret-in-clear', seal => seal(clearK8s(`# old: ${github}`))],
  ['plain.json', 'secret-in-clear', () => `{"password": "hunter2"}\n`],
  ['secrets/m1.yaml', 'metadata', async seal => cut(await seal(yaml), /^ *mac: .*\n/m, '')],
  ['secrets/m2.yaml', 'metadata', async seal => cut(await seal(yaml), /^( *)version: .*/m, '$1version: new')],
  [
    'secrets/m3.json',
    'metadata',
    async seal => cut(await seal('{"a": "x"}'), /"lastmodified": "[^"]*"/, '"lastmodified": "soon"'),
  ],
  ['secrets/m4.yaml', 'metadata', async seal => cut(await seal(yaml), /-----END AGE ENCRYPTED FILE-----\n/, '')],
  ['secrets/m5.yaml', 'metadata', async seal => (await seal(yaml)).replace(/^sops:[\s\S]*/m, '')],
  ['secrets/b1.yaml', 'duplicate-block', async seal => cut(await seal(yaml), /^sops:[\s\S]*/m, '$&$&')],
  ['secrets/b2.ini', 'duplicate-block', async seal => cut(await seal('[s]\na = x\n'), /\n\[sops\][\s\S]*/, '$&$&')],
  [
    'secrets/k1.yaml',
    'conflict-marker',
    async seal => cut(await seal(yaml), /^b: .*$/m, '<<<<<<< ours\n$&\n=======\n$&\n>>>>>>> theirs'),
  ],
  ['secrets/r1.yaml', 'drift', seal => seal(yaml, other)],
  ['groups/r2.yaml', 'drift', seal => seal(yaml, rules().replace('shamir_threshold: 2', 'shamir_threshold: 3'))],
  ['secrets/u1.yaml', 'unreadable', async seal => `${await seal(yaml)}]: [\n`],
];

describe('check', { concurrency: 1 }, () => {
  let folder: string;
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  const run = (...args: readonly string[]): Promise<Run> =>
    runTsops(['check', ...args], {
      cwd: folder,
      env: { SOPS_AGE_KEY_FILE: join(vectors, 'keys', 'age-1.txt') },
      secrets: [canary, 'hunter2', aws, github],
    });
  const found = (stdout: Buffer): string[] => {
    const { findings } = JSON.parse(stdout.toString()) as { findings: { file: string; kind: string }[] };
    return findings.map(({ file, kind }) => `${file} ${kind}`).sort();
  };
  const expected = planted.map(([path, kind]) => `${path} ${kind}`).sort();

  before(async () => {
    folder = newFolder();
    write('.sops.yaml', rules());
    for (const [path, text] of await soundFiles()) write(path, text);
  });
  after(() => removeFolder(folder));

  test('300 sound files have no findings', async () => {
    const done = await run();
    assert.equal(done.stdout.toString(), '');
    assert.equal(done.status, 0, done.stderr);
  });

  test('with a key every MAC is checked, and an exchange of two values is found', async () => {
    const two = await sealed('other/mac.yaml', 'a:\n  - one\n  - two\n', rules());
    const swapped = two.replace(/( +- ENC.*\n)( +- ENC.*\n)/, '$2$1');
    assert.notEqual(swapped, two);
    write('other/mac.yaml', swapped);
    assert.equal((await run('other')).status, 0);
    const done = await run('--verify', '--json', 'other');
    assert.equal(done.status, 1);
    assert.deepEqual(found(done.stdout), ['other/mac.yaml mac']);
    write('other/mac.yaml', two);
    assert.equal((await run('--verify', 'other')).status, 0);
  });

  describe('30 faults', () => {
    before(async () => {
      assert.equal(planted.length, 30);
      for (const [path, , make] of planted)
        write(path, await make((text, config = rules()) => sealed(path, text, config)));
    });

    test('all of them and nothing else, without a value in the report', async () => {
      const done = await run('--json');
      assert.equal(done.status, 1, done.stderr);
      assert.deepEqual(found(done.stdout), expected);
      for (const secret of [canary, 'hunter2', aws, github]) assert.ok(!done.stdout.includes(secret));
    });

    test('as text and for GitHub, each with its line', async () => {
      const text = (await run()).stdout.toString();
      assert.deepEqual(
        [...text.matchAll(/^([^ \n]+?):\d+(?::\d+)?: ([a-z-]+): /gm)].map(([, p, k]) => `${p} ${k}`).sort(),
        expected,
      );
      const lines = (await run('--report', 'github')).stdout.toString().trim().split('\n');
      assert.equal(lines.length, 30);
      for (const line of lines)
        assert.match(line, /^::error file=[^,:]+,line=\d+(?:,col=\d+)?,title=tsops%3A [a-z-]+::[^\n]+$/);
    });

    test('as SARIF', async () => {
      const log = JSON.parse((await run('--report', 'sarif')).stdout.toString());
      const results = log.runs[0].results as {
        ruleId: string;
        locations: { physicalLocation: { artifactLocation: { uri: string } } }[];
      }[];
      assert.deepEqual(
        results
          .map(({ ruleId, locations }) => `${locations[0]?.physicalLocation.artifactLocation.uri} ${ruleId}`)
          .sort(),
        expected,
      );
      const require = createRequire(import.meta.url);
      const Ajv = require('ajv-draft-04').default;
      const validate = new Ajv({
        strict: false,
        validateFormats: false,
        unicodeRegExp: false,
        allErrors: true,
      }).compile(require('@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json'));
      assert.ok(validate(log), JSON.stringify(validate.errors));
    });
  });
});
