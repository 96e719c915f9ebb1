/**
 * `rotate`, `updatekeys` and `groups` of the built command against blocks that somebody without a key has changed, and, where
 * `TSOPS_TEST_SOPS` names a real sops, taking turns with it on one file.
 */

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { newFolder, type Run, realSops, removeFolder, runProgram, runTsops, vectors } from './harness.ts';

const recipient = (n: number): string => readFileSync(join(vectors, 'keys', `age-${n}.pub`), 'utf8').trim();
const [one, two, three] = [recipient(1), recipient(2), recipient(3)];
const secret = 'canary-71c3e';
const plain = { yaml: `a: ${secret}\nb:\n  - 1\n  - x # c\n`, json: `{"a": "${secret}",\n "b": [1, "x"]}\n` };
const flat = { env: `a=${secret}\nb=x\n`, ini: `[s]\na = ${secret}\nb = x\n` };
const files: Readonly<Record<string, string>> = { ...plain, ...flat };

describe('keys of files that are there', { concurrency: 1 }, () => {
  let folder: string;
  before(() => {
    folder = newFolder();
  });
  after(() => removeFolder(folder));

  const identities = (...numbers: number[]): string => {
    const path = join(folder, `identities-${numbers.join('-')}.txt`);
    const texts = numbers.map(n => readFileSync(join(vectors, 'keys', `age-${n}.txt`), 'utf8'));
    writeFileSync(path, texts.join('\n'), { mode: 0o600 });
    return path;
  };
  const environment = (numbers: readonly number[]) => ({ SOPS_AGE_KEY_FILE: identities(...numbers) });
  const run = (
    args: readonly string[],
    who: readonly number[] = [1],
    more: Record<string, string> = {},
  ): Promise<Run> => runTsops(args, { cwd: folder, env: { ...environment(who), ...more }, secrets: [secret] });
  const well = async (args: readonly string[], who: readonly number[] = [1]): Promise<Run> => {
    const done = await run(args, who);
    assert.equal(done.status, 0, done.stderr);
    return done;
  };
  const configure = (text: string): void => writeFileSync(join(folder, '.sops.yaml'), `creation_rules:\n  - ${text}\n`);
  const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
  const change = (name: string, how: (text: string) => string): void => {
    const changed = how(read(name));
    assert.notEqual(changed, read(name), 'the attack changes nothing');
    writeFileSync(join(folder, name), changed);
  };
  const make = async (name: string, args: readonly string[] = []): Promise<void> => {
    writeFileSync(join(folder, name), files[name.split('.').at(-1) ?? ''] ?? assert.fail(name));
    await well(['encrypt', '-i', ...args, name]);
  };
  /** A refused run says what it is about and leaves the file. */
  const refused = async (args: readonly string[], status: number, says: RegExp, who: readonly number[] = [1]) => {
    const name = args.find(word => Object.hasOwn(files, word.split('.').at(-1) ?? '')) ?? assert.fail('no file');
    const former = read(name);
    const done = await run(args, who);
    assert.equal(done.status, status, done.stderr);
    assert.match(done.stderr, says);
    assert.equal(done.stdout.toString(), '');
    assert.equal(read(name), former);
  };
  const ofGroups = (...lists: string[]): string => lists.map(list => `{age: [${list}]}`).join(', ');
  const listed = (who: string, enc = 'junk'): string =>
    `            - enc: "${enc}"\n              recipient: ${who}\n`;

  describe('a block that somebody has changed', () => {
    test('a holder of one share who wants a second one', async () => {
      configure(`{shamir_threshold: 2, key_groups: [${ofGroups(one, two, three)}]}`);
      await make('a.yaml');
      const parts = read('a.yaml').split('        - age:\n');
      assert.equal(parts.length, 4);
      // Their key stands in the third group as well.
      parts[3] = listed(one) + parts[3];
      change('a.yaml', () => parts.join('        - age:\n'));
      await refused(['rotate', '-i', 'a.yaml'], 1, /key groups of the file are not those of its creation rule/, [1, 2]);
      await refused(['groups', 'delete', '-i', '-f', 'a.yaml', '1'], 1, /key groups of the file are not those/, [1, 2]);
      await well(['updatekeys', '-y', 'a.yaml'], [1, 2]);
      await refused(['decrypt', 'a.yaml'], 128, /needs 2 of the 3 key groups/, [1]);
      await well(['rotate', '-i', 'a.yaml'], [1, 2]);
      await well(['decrypt', 'a.yaml'], [1, 3]);
    });

    test('a lower threshold', async () => {
      configure(`{shamir_threshold: 3, key_groups: [${ofGroups(one, two, three)}]}`);
      await make('b.yaml');
      const original = read('b.yaml');
      change('b.yaml', text => text.replace('shamir_threshold: 3', 'shamir_threshold: 2'));
      for (const args of [
        ['rotate', '-i', 'b.yaml'],
        ['groups', 'delete', '-i', '-f', 'b.yaml', '0'],
      ])
        await refused(args, 25, /does not decrypt/, [1, 2, 3]);
      const done = await run(['updatekeys', '-y', 'b.yaml'], [1, 2, 3]);
      assert.deepEqual([done.status, read('b.yaml').includes('shamir_threshold: 2')], [25, true], done.stderr);
      // Without the number all groups are needed.
      change('b.yaml', () => original.replace(/ +shamir_threshold: 3\n/, ''));
      await well(['rotate', '-i', 'b.yaml'], [1, 2, 3]);
      await refused(['decrypt', 'b.yaml'], 128, /./, [1, 2]);
    });

    test('a rule that no longer covers what comes later', async () => {
      configure(`{age: "${one}", unencrypted_suffix: _unencrypted}`);
      await make('c.yaml');
      const original = read('c.yaml');
      change('c.yaml', text => text.replace('unencrypted_suffix: _unencrypted', 'encrypted_regex: ^(a|b)$'));
      assert.match(
        (await well(['updatekeys', '-y', 'c.yaml'])).stdout.toString(),
        /--- rule: encrypted_regex \^\(a\|b\)\$/,
      );
      assert.equal(
        read('c.yaml').replace(/(mac|lastmodified): .*/g, ''),
        original.replace(/(mac|lastmodified): .*/g, ''),
      );
      assert.equal((await well(['decrypt', 'c.yaml'])).stdout.toString(), plain.yaml);
    });

    test('a name that commands the terminal', async () => {
      configure(`{age: "${one}"}`);
      await make('d.yaml');
      change('d.yaml', text =>
        text
          .replace('    - enc:', '    - enc: junk\n          recipient: "\\e[2Jage1x\\nGroup 9"\n        - enc:')
          .replace(/^ {4}- enc: junk/m, '        - enc: junk'),
      );
      const { stdout } = await well(['updatekeys', '--dry-run', 'd.yaml']);
      assert.match(stdout.toString(), /^--- \\u\{1b\}\[2Jage1x\\u\{a\}Group 9$/m);
      assert.ok(!stdout.includes(0x1b));
      await refused(['rotate', '-i', 'd.yaml'], 1, /\\u\{1b\}\[2Jage1x/);
      mkdirSync(join(folder, 'e'), { recursive: true });
      writeFileSync(join(folder, 'e', 'x\x1b[2J.yaml'), read('d.yaml'));
      assert.ok(!(await well(['updatekeys', '--dry-run', 'e'])).stdout.includes(0x1b));
    });

    test('a Vault of theirs is asked nothing', async () => {
      const asked: string[] = [];
      const server = createServer((request, response) => {
        asked.push(request.url ?? '');
        response.end('{}');
      });
      await new Promise<void>(settle => server.listen(0, '127.0.0.1', settle));
      try {
        const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
        const entry = (enc: string): string =>
          `    hc_vault:\n        - created_at: "2024-01-01T00:00:00Z"\n          enc: ${enc}\n          engine_path: transit\n          key_name: k\n          vault_address: ${address}\n`;
        for (const enc of ['""', 'vault:v1:anVuaw==']) {
          configure(`{age: "${one}"}`);
          await make('f.yaml');
          change('f.yaml', text => text.replace('    lastmodified:', `${entry(enc)}    lastmodified:`));
          const token = { VAULT_TOKEN: 'canary-token' };
          for (const how of [[], ['--recipients-from', 'file'], ['--config', '/dev/null']]) {
            const former = read('f.yaml');
            const done = await run(['rotate', '-i', ...how, 'f.yaml'], [1], token);
            assert.deepEqual([done.status, read('f.yaml') === former], [1, true], done.stderr);
            assert.ok(!done.stderr.includes('canary-token'));
          }
          assert.equal((await run(['groups', 'add', '-i', '-f', 'f.yaml', '--age', two], [1], token)).status, 1);
          const done = await run(['updatekeys', '-y', 'f.yaml'], [1], token);
          assert.equal(done.status, 0, done.stderr);
          assert.ok(!read('f.yaml').includes('hc_vault'));
        }
        assert.deepEqual(asked, []);
      } finally {
        server.close();
      }
    });

    test('an entry that opens nothing can be taken out', async () => {
      configure(`{age: "${one}"}`);
      await make('g.yaml');
      change('g.yaml', text => text.replace('age:\n', `age:\n        - enc: ""\n          recipient: ${two}\n`));
      await refused(['rotate', '-i', 'g.yaml'], 1, /no wrapped data key/);
      await well(['rotate', '-i', '--rm-age', two, 'g.yaml']);
      assert.ok(!read('g.yaml').includes(two));
    });
  });

  test('--recipients-from rule needs a rule, and a rule without keys names nobody', async () => {
    configure(`{encrypted_regex: ^a$}`);
    await make('h.yaml', ['--age', one]);
    assert.match((await well(['rotate', '-i', 'h.yaml'])).stderr, /the keys that the file names:\n {2}age age1/);
    await refused(['rotate', '-i', '--recipients-from', 'rule', 'h.yaml'], 1, /no creation rule that names keys/);
  });

  test('in a folder a file that a merge has broken is no plain one', async () => {
    configure(`{age: "${one},${two}"}`);
    mkdirSync(join(folder, 'merged'), { recursive: true });
    await make('merged/a.yaml', ['--config', '/dev/null', '--age', one]);
    await make('merged/b.yaml', ['--config', '/dev/null', '--age', one]);
    writeFileSync(join(folder, 'merged', 'plain.yaml'), 'a: [\n');
    change('merged/a.yaml', text => `<<<<<<< ours\n${text}=======\n${text}>>>>>>> theirs\n`);
    const done = await run(['updatekeys', '-y', 'merged']);
    assert.equal(done.status, 1);
    assert.match(done.stderr, /a\.yaml[\s\S]*1 of 2 files could not be updated/);
    assert.equal((await run(['decrypt', 'merged/b.yaml'], [2])).status, 0);
  });

  test('--json asks nobody', async () => {
    configure(`{age: "${one},${two}"}`);
    await make('i.yaml', ['--config', '/dev/null', '--age', one]);
    await refused(['updatekeys', '--json', 'i.yaml'], 8, /nobody is asked/);
    const [outcome] = JSON.parse((await well(['updatekeys', '--json', '-y', 'i.yaml'])).stdout.toString()) as {
      status: string;
      change: { groups: { added: unknown }[] };
    }[];
    assert.deepEqual([outcome?.status, outcome?.change.groups[0]?.added], ['changed', [{ kind: 'age', text: two }]]);
  });

  describe('taking turns with a real sops', { skip: realSops === undefined && 'TSOPS_TEST_SOPS names no sops' }, () => {
    const sops = async (args: readonly string[], who: readonly number[] = [1]): Promise<Run> => {
      const done = await runProgram(realSops ?? '', args, { cwd: folder, env: environment(who) });
      assert.equal(done.status, 0, done.stderr);
      return done;
    };
    for (const [ending, content] of Object.entries(files)) {
      test(ending, async () => {
        const name = `turn.${ending}`;
        const holds = async (...who: number[]): Promise<void> => {
          assert.equal((await well(['decrypt', '--output-type', 'json', name], who)).stdout.toString(), values);
          assert.equal((await sops(['decrypt', '--output-type', 'json', name], who)).stdout.toString(), values);
        };
        writeFileSync(join(folder, name), content);
        configure(`{age: "${one}"}`);
        await sops(['encrypt', '-i', name]);
        const values = (await sops(['decrypt', '--output-type', 'json', name])).stdout.toString();
        await well(['rotate', '-i', name]);
        await holds(1);
        configure(`{age: "${one},${two}"}`);
        await well(['updatekeys', '-y', name]);
        await holds(2);
        await sops(['rotate', '-i', name]);
        configure(`{age: "${two},${three}"}`);
        await well(['updatekeys', '-y', name]);
        await holds(3);
        await sops(['groups', 'add', '-i', '-f', name, '--age', one], [2]);
        await well(
          [
            'groups',
            'delete',
            '-i',
            '-f',
            name,
            '--recipients-from',
            'file',
            '0',
            '--shamir-secret-sharing-threshold',
            '1',
          ],
          [1, 2],
        );
        await holds(1);
        configure(`{shamir_threshold: 2, key_groups: [${ofGroups(one, two, three)}]}`);
        await well(['updatekeys', '-y', name]);
        await holds(1, 3);
        await well(['rotate', '-i', name], [1, 2]);
        await holds(2, 3);
        await sops(['groups', 'delete', '-i', '-f', name, '0'], [1, 2]);
        await holds(2, 3);
        configure(`{age: "${one}"}`);
        await sops(['updatekeys', '-y', name], [2, 3]);
        await well(['rotate', '-i', name]);
        await holds(1);
      });
    }
  });
});
