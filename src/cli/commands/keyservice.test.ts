/** `tsops keyservice` and `--keyservice`: processes of ours among each other, and with a real sops where TSOPS_TEST_SOPS names one. */

import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { canary, hasScript, type Outcome, recipients, Workspace } from '../../../testdata/command.ts';
import { env } from '../../host/environment.ts';
import { type KeyService, openKeyServices } from '../../index.ts';

const realSops = env('TSOPS_TEST_SOPS');

const workspace = new Workspace();
const noKeys = { SOPS_AGE_KEY_FILE: '/nonexistent' };
const plain = `a: ${canary}\n`;
workspace.write('plain.yaml', plain);
workspace.write('enc.yaml', workspace.run(['encrypt', '--age', recipients.one, 'plain.yaml']).stdout);

const closings: (() => unknown)[] = [];
after(async () => {
  for (const close of closings) await close();
  workspace.remove();
});

/** Our service on a socket; `use` runs while it listens, and then the signal ends it. */
async function withService(
  name: string,
  use: (address: string) => void,
  options: { env?: Record<string, string>; signal?: NodeJS.Signals } = {},
): Promise<Outcome> {
  const path = workspace.path(name);
  let failure: unknown;
  const ready = () => {
    if (!workspace.has(name)) return false;
    try {
      use(`unix://${path}`);
    } catch (error) {
      failure = error;
    }
    return true;
  };
  const args = ['keyservice', '--verbose', '--network', 'unix', '--address', path];
  const outcome = await workspace.interrupt(args, ready, options.signal ?? 'SIGTERM', { env: options.env ?? {} });
  if (failure !== undefined) throw failure;
  assert.ok(!workspace.has(name), 'the socket is left');
  assert.ok(!outcome.stderr.includes(canary) && !outcome.stderr.includes('AGE-SECRET-KEY'));
  return outcome;
}

const posix = { skip: process.platform === 'win32' };

describe('a service of ours', posix, () => {
  test('opens what this machine cannot open', async () => {
    const { status, signal, stdout, stderr } = await withService('one', address => {
      assert.equal(workspace.mode('one'), 0o600);
      const run = (...args: string[]) => workspace.run(args, { env: noKeys });
      assert.equal(run('decrypt', '--keyservice', address, 'enc.yaml').stdout, plain);
      assert.equal(workspace.run(['-d', 'enc.yaml'], { env: { ...noKeys, SOPS_KEYSERVICE: address } }).stdout, plain);
      const several = `tcp://127.0.0.1:1,nonsense,${address}`;
      const found = run('decrypt', '--keyservice', several, '--enable-local-keyservice=false', 'enc.yaml');
      assert.deepEqual([found.status, found.stdout], [0, plain]);
      assert.match(found.stderr, /^tsops: warning: key service 2 of 3 is left out/);
      assert.equal(found.stderr.split('\n').length, 2);
    });
    assert.deepEqual([status, signal, stdout], [0, null, '']);
    const [first, ...rest] = stderr.split('\n');
    assert.equal(first, `Listening on unix://${workspace.path('one')}; Ctrl-C ends it.`);
    assert.deepEqual(rest, [...Array.from({ length: 3 }, () => `tsops: unwrap with age ${recipients.one}: done`), '']);
  });

  test('wraps for it, and edits', async () => {
    workspace.write('editor.sh', '#!/bin/sh\nprintf "b: 1\\n" >> "$1"\n', 0o755);
    workspace.write('edited.yaml', workspace.read('enc.yaml'));
    const { stderr } = await withService('two', address => {
      const flags = ['--enable-local-keyservice=false', '--keyservice', address];
      const sealed = workspace.run(['encrypt', '--age', recipients.one, ...flags, 'plain.yaml'], { env: noKeys });
      assert.deepEqual([sealed.status, sealed.stderr], [0, '']);
      workspace.write('sealed.yaml', sealed.stdout);
      const editing = workspace.run(['edit', ...flags, 'edited.yaml'], {
        env: { ...noKeys, EDITOR: workspace.path('editor.sh') },
      });
      assert.deepEqual([editing.status, editing.stderr], [0, '']);
    });
    assert.equal(workspace.run(['decrypt', 'sealed.yaml']).stdout, plain);
    assert.equal(workspace.run(['decrypt', 'edited.yaml']).stdout, `${plain}b: 1\n`);
    assert.match(stderr, /wrap with age .*: done\n.*unwrap with age .*: done\n$/);
  });

  test('every ending signal ends it quietly', async () => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      const outcome = await withService('three', () => {}, { signal });
      assert.deepEqual([outcome.status, outcome.signal], [0, null]);
      assert.match(outcome.stderr, /^Listening on [^\n]*\n$/);
    }
  });

  test('what went wrong is said on both sides', async () => {
    const { stderr } = await withService(
      'four',
      address => {
        const failed = workspace.run(['decrypt', '--keyservice', address, 'enc.yaml'], { env: noKeys });
        assert.equal(failed.status, 128);
        assert.match(failed.stderr, /this machine: [^;]+; unix:\S+four: it could not use the key\n/);
        assert.match(failed.stderr, /hint: What went wrong is shown where the key service runs/);
      },
      { env: noKeys },
    );
    assert.match(stderr, /unwrap with age \S+: .*identit/);
  });

  test('the local keys only, or none', () => {
    const off = workspace.run(['decrypt', '--enable-local-keyservice=false', 'enc.yaml']);
    assert.equal(off.status, 128);
    assert.match(off.stderr, /there is no key service to ask/);
    const refused = workspace.run(['decrypt', '--keyservice', 'tcp://127.0.0.1:1', 'enc.yaml'], { env: noKeys });
    assert.equal(refused.status, 128);
    assert.match(refused.stderr, /tcp:\/\/127\.0\.0\.1:1: nothing listens there/);
    assert.equal(workspace.run(['decrypt', '--keyservice', 'tcp://127.0.0.1:1', 'enc.yaml']).stdout, plain);
  });
});

describe('how it is started', posix, () => {
  const rows: [args: string[], status: number, said: RegExp][] = [
    [['--network', 'unix'], 1, /path of the socket is needed/],
    [['--address', 'nonsense'], 1, /not of the form HOST:PORT/],
    [
      ['--address', '192.0.2.1:0'],
      1,
      /warning: other machines can reach this address[\s\S]*not an address of this machine/,
    ],
    [['--network', 'unix', '--address', 'plain.yaml'], 1, /plain\.yaml: there is something else than a socket/],
    [['--network', 'unix', '--address', 'none/x'], 1, /the folder of the socket does not exist/],
  ];
  for (const [args, status, said] of rows) {
    test(args.join(' '), () => {
      const outcome = workspace.run(['keyservice', ...args]);
      assert.deepEqual([outcome.status, outcome.stdout], [status, '']);
      assert.match(outcome.stderr, said);
    });
  }

  test('--prompt without a terminal', { skip: !hasScript }, () => {
    const main = JSON.stringify(new URL('../main.ts', import.meta.url).href);
    const script = `const { main } = await import(${main}); process.exitCode = await main(['keyservice', '--prompt']);`;
    const done = spawnSync('setsid', ['-w', process.execPath, '--input-type=module', '-e', script], {
      encoding: 'utf8',
    });
    assert.equal(done.status, 1);
    assert.match(done.stderr, /--prompt needs a terminal/);
  });
});

describe('--prompt', { skip: process.platform === 'win32' || !hasScript }, () => {
  const question = (verb: string, key: string) => `${verb} a data key with the key age ${key}? (y/n) `;

  /** What the terminal of the service shows while `use` asks it for keys. */
  async function answering(
    name: string,
    typed: readonly (readonly [after: string, keys: string])[],
    use: (service: KeyService) => Promise<void>,
  ): Promise<string> {
    const path = workspace.path(name);
    const args = ['keyservice', '--verbose', '--network', 'unix', '--address', path, '--prompt'];
    const shown = workspace.runOnTerminal(args, typed);
    while (!workspace.has(name)) await new Promise(settle => setTimeout(settle, 20));
    await use(openKeyServices(`unix://${path}`).services[0]!);
    return shown;
  }

  const key = { kind: 'age', recipient: recipients.one, enc: '' } as const;
  const part = Uint8Array.from(randomBytes(32));

  test('asks before it acts, and names the key', async () => {
    const typed = [
      [question('Encrypt', recipients.one), 'y\r'],
      [question('Decrypt', recipients.one), 'n\r'],
      [question('Decrypt', recipients.one), 'what?\r'],
      [question('Decrypt', recipients.one), 'YES\r'],
      [question('Encrypt', 'age1\\u{1b}[2J\\u{a}x'), '\x04'],
      [question('Encrypt', recipients.two), 'a\r'],
      [question('Encrypt', recipients.two), 'b\r'],
      [question('Encrypt', recipients.two), '\r'],
      [question('Encrypt', recipients.one), 'y\r'],
      [question('Decrypt', recipients.one), '\x03'],
    ] as const;
    const shown = await answering('prompt', typed, async service => {
      const enc = await service.wrap(key, part);
      const refused = await service.unwrap({ ...key, enc });
      assert.match((refused as { reason: string }).reason, /refused the request/);
      assert.deepEqual(Buffer.from((await service.unwrap({ ...key, enc })) as Uint8Array), Buffer.from(part));
      const strange = service.wrap({ ...key, recipient: 'age1\x1b[2J\nx' }, part);
      await assert.rejects(strange, { message: /refused the request/ });
      await assert.rejects(service.wrap({ ...key, recipient: recipients.two }, part), { message: /refused/ });
      await service.wrap(key, part);
      const ended = await service.unwrap({ ...key, enc });
      assert.match((ended as { reason: string }).reason, /it ended before it answered/);
    });
    assert.match(shown, /\nSTATUS 0$/);
    assert.equal(shown.match(/: done/g)?.length, 3);
    assert.ok(!shown.includes('\x1b'));
    assert.ok(!workspace.has('prompt'));
  });
});

describe('a real sops', { skip: realSops ? false : 'TSOPS_TEST_SOPS names no sops' }, () => {
  const home = mkdtempSync(join(tmpdir(), 'tsk-'));
  const noGpg = spawnSync('gpg', ['--version']).status !== 0;
  const keyFile = (name: string) => fileURLToPath(new URL(`../../../testdata/vectors/keys/${name}`, import.meta.url));
  const fingerprint = readFileSync(keyFile('pgp-1.fingerprint.txt'), 'utf8').trim();
  const withSecrets = { ...workspace.env, GNUPGHOME: join(home, 'secret') };
  const without = { ...workspace.env, ...noKeys, GNUPGHOME: join(home, 'public') };
  for (const GNUPGHOME of [withSecrets.GNUPGHOME, without.GNUPGHOME]) mkdirSync(GNUPGHOME, { mode: 0o700 });
  if (!noGpg) {
    const importing = (GNUPGHOME: string, file: string) =>
      execFileSync('gpg', ['--batch', '--import', keyFile(file)], {
        env: { ...workspace.env, GNUPGHOME },
        stdio: 'ignore',
      });
    importing(withSecrets.GNUPGHOME, 'pgp-1.secret.asc');
    importing(without.GNUPGHOME, 'pgp-1.public.asc');
  }
  closings.push(() => {
    for (const GNUPGHOME of [withSecrets.GNUPGHOME, without.GNUPGHOME])
      spawnSync('gpgconf', ['--kill', 'gpg-agent'], { env: { ...workspace.env, GNUPGHOME }, stdio: 'ignore' });
    rmSync(home, { recursive: true, force: true });
  });
  const sops = (...args: string[]) => {
    const done = spawnSync(realSops ?? '', args, { cwd: workspace.path(''), env: without, encoding: 'utf8' });
    return { status: done.status, stdout: done.stdout, stderr: done.stderr };
  };
  const kinds: [name: string, flags: string[], skip: string | false][] = [
    ['age', ['--age', recipients.one], false],
    ['pgp', ['--pgp', fingerprint], noGpg && 'gpg is not here'],
  ];

  /** A service of sops, and how to end it. */
  async function sopsService(network: string, address: string): Promise<ChildProcess> {
    const options = { env: withSecrets, stdio: 'ignore' } as const;
    const service = spawn(realSops ?? '', ['keyservice', '--network', network, '--address', address], options);
    closings.push(() => service.kill());
    await new Promise(settle => setTimeout(settle, 100));
    return service;
  }

  for (const [name, flags, skip] of kinds) {
    test(`asks our service: ${name}`, { skip }, async () => {
      const { stderr } = await withService(
        'sops-asks',
        address => {
          const remote = ['--enable-local-keyservice=false', '--keyservice', address];
          const sealed = sops('encrypt', ...flags, ...remote, 'plain.yaml');
          assert.deepEqual([sealed.status, sealed.stderr], [0, '']);
          workspace.write('sops.yaml', sealed.stdout);
          assert.equal(sops('decrypt', 'sops.yaml').status, 128);
          assert.deepEqual(sops('decrypt', '--keyservice', address, 'sops.yaml'), {
            status: 0,
            stdout: plain,
            stderr: '',
          });
        },
        { env: { GNUPGHOME: withSecrets.GNUPGHOME } },
      );
      assert.equal(stderr.match(/: done\n/g)?.length, 2);
    });

    for (const network of ['tcp', 'unix']) {
      test(`answers us over ${network}: ${name}`, { skip }, async () => {
        const address = network === 'tcp' ? `127.0.0.1:${await freePort()}` : join(home, `${name}.socket`);
        const service = await sopsService(network, address);
        const remote = ['--enable-local-keyservice=false', '--keyservice', `${network}://${address}`];
        let sealed = workspace.run(['encrypt', ...flags, ...remote, 'plain.yaml'], { env: without });
        for (let tries = 0; tries < 20 && sealed.status !== 0; tries += 1) {
          sealed = workspace.run(['encrypt', ...flags, ...remote, 'plain.yaml'], { env: without });
        }
        assert.deepEqual([sealed.status, sealed.stderr], [0, '']);
        workspace.write('ours.yaml', sealed.stdout);
        assert.equal(workspace.run(['decrypt', 'ours.yaml'], { env: without }).status, 128);
        const opened = workspace.run(['decrypt', ...remote, 'ours.yaml'], { env: without });
        assert.deepEqual([opened.status, opened.stdout, opened.stderr], [0, plain, '']);
        service.kill('SIGKILL');
      });
    }
  }
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>(settle => server.listen(0, '127.0.0.1', settle));
  const address = server.address();
  await new Promise(settle => server.close(settle));
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}
