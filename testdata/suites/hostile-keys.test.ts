/**
 * Files whose `sops` block was made by an enemy, and services that answer as one: opened by the built command on a machine with the
 * credentials of every kind. Each gives its error in time; nothing that was said by the file or a service commands the terminal, and no
 * secret of the machine is shown.
 */

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { delimiter, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse, stringify } from 'yaml';
import { testSecret } from '../servers/aws.ts';
import { Everywhere } from '../servers/everywhere.ts';
import { applicationEnv } from '../servers/keyvault.ts';
import { runTsops } from './harness.ts';

const plain = 'a: canary-77ab\n';
type Entry = Record<string, unknown>;
type Block = { sops: Record<string, Entry[]> };

const kinds = ['kms', 'gcp_kms', 'hckms', 'azure_kv', 'pgp', 'hc_vault', 'age'] as const;
const options = {
  kms: 'kms',
  gcp_kms: 'gcp-kms',
  hckms: 'hckms',
  azure_kv: 'azure-kv',
  pgp: 'pgp',
  hc_vault: 'hc-vault-transit',
  age: 'age',
} as const;

const long = 'x'.repeat(300_000);
const rude = '\u001b[2J\u001b]0;x\u0007\r\n\u202e\u2028\u0000\ud800';
/** What is made of a text of the block. */
const texts: readonly ((text: string) => string)[] = [
  () => '',
  text => text + long,
  text => text.slice(0, 12) + rude + text.slice(12),
  () => rude,
  text => `${text}\ntsops: hint: run this`,
  text => `${text}/../../../../etc/passwd?x=#y`,
  text => text.replace('://', '://me:canary-77ab@'),
  () => '--output=/tmp/x',
  () => '$(touch x);`touch x`|touch x',
  () => 'AGE-SECRET-KEY-1QQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQ',
  () => '__proto__',
];

describe('hostile files and services', () => {
  let everywhere: Everywhere;
  const servers: Server[] = [];
  before(async () => {
    everywhere = await Everywhere.start();
    writeFileSync(join(everywhere.folder, '.sops.yaml'), '{}\n');
  });
  after(async () => {
    for (const server of servers) {
      server.closeAllConnections();
      server.close();
    }
    await everywhere?.stop();
  });

  const secrets = ['canary-77ab', testSecret, applicationEnv.AZURE_CLIENT_SECRET, 'canary-root', 'AGE-SECRET-KEY'];
  const run = async (args: readonly string[], more: Readonly<Record<string, string>> = {}) => {
    const env = { ...everywhere.machine(everywhere.keys), ...more };
    const start = performance.now();
    const done = await runTsops(args, { cwd: everywhere.folder, env, secrets });
    return { ...done, tookMs: performance.now() - start };
  };

  const isFit = ({ status, stdout, stderr, tookMs }: Awaited<ReturnType<typeof run>>): void => {
    assert.ok(status === 128 || status === 1 || status === 51, `status ${status}\n${stderr.slice(0, 2000)}`);
    assert.equal(stdout.toString(), '');
    assert.match(stderr, /^tsops: error: /m);
    assert.ok(!/[^\n\P{C}]|[\u2028\u2029]/u.test(stderr), JSON.stringify(stderr));
    assert.ok(stderr.length < 20_000, `${stderr.length} characters`);
    for (const line of stderr.trimEnd().split('\n')) assert.match(line, /^(?:tsops: (?:error|warning|hint): | {2})/);
    assert.ok(tookMs < 10_000, `${tookMs} ms`);
  };

  const sealed = async (kind: (typeof kinds)[number]): Promise<Block | undefined> => {
    const key = everywhere.keys.find(one => one.kind === kind);
    if (key === undefined) return undefined;
    writeFileSync(join(everywhere.folder, 'a.yaml'), plain);
    const done = await run(['encrypt', `--${options[kind]}`, key.text, 'a.yaml']);
    assert.equal(done.status, 0, done.stderr);
    return parse(done.stdout.toString()) as Block;
  };

  /** Fields that nothing depends on when a file is opened, as with sops. */
  const idle = ['pgp.fp', 'age.recipient', 'azure_kv.version'];

  for (const kind of kinds) {
    test(`each field of ${kind}`, async t => {
      const block = await sealed(kind);
      if (block === undefined) return t.skip(everywhere.missing.join(', '));
      const entry = block.sops[kind]?.[0] ?? {};
      // The address is one that the user knows, so that it is used.
      const trusted = { SOPS_VAULT_URIS: everywhere.keys.find(one => one.kind === 'hc_vault')?.text ?? '' };
      const opened = async (entries: readonly Entry[]) => {
        writeFileSync(
          join(everywhere.folder, 'b.yaml'),
          stringify({ ...block, sops: { ...block.sops, [kind]: entries } }),
        );
        return run(['decrypt', '--verbose', 'b.yaml'], trusted);
      };
      const fields = Object.keys(entry).filter(name => !['created_at', 'aws_profile', 'context'].includes(name));
      if (kind === 'kms') fields.push('role', 'aws_profile');
      for (const name of fields) {
        const all = texts.map(change => change(String(entry[name] ?? '')));
        const entries = [...new Set(all)]
          .filter(text => text !== entry[name] && !(text === '' && ['role', 'aws_profile'].includes(name)))
          .map(text => ({ ...entry, [name]: text }));
        if (idle.includes(`${kind}.${name}`)) {
          for (const one of entries.slice(0, 6)) isOpenOrFit(await opened([one]));
        } else if (kind === 'pgp' && name === 'enc') {
          // gpg passes over what stands behind a message.
          for (const one of entries) isOpenOrFit(await opened([one]));
        } else isFit(await opened(entries));
      }
    });
  }

  function isOpenOrFit(done: Awaited<ReturnType<typeof run>>): void {
    if (done.status !== 0) {
      isFit(done);
      return;
    }
    assert.equal(done.stdout.toString(), plain);
    assert.match(done.stderr, /^tsops: opened with \S+ [^\p{C}]{0,200}\ntsops: Data key recovered successfully\n$/u);
  }

  test('very many keys', async () => {
    const block = await sealed('age');
    const entry = block?.sops['age']?.[0] ?? {};
    const enc = String(entry['enc']);
    const many = (count: number) =>
      Array.from({ length: count }, (_, at) => ({ ...entry, enc: `${enc}${' '.repeat(at % 7)}x` }));
    block!.sops['age'] = many(3000);
    block!.sops['hc_vault'] = Array.from({ length: 300 }, (_, at) => ({
      vault_address: `http://127.0.0.1:${at + 1}`,
      engine_path: 'transit',
      key_name: 'k',
      created_at: '2024-01-01T00:00:00Z',
      enc: 'vault:v1:AAAA',
    }));
    writeFileSync(join(everywhere.folder, 'many.yaml'), stringify(block));
    isFit(await run(['decrypt', 'many.yaml']));
  });

  const serve = async (answer: RequestListener): Promise<string> => {
    const server = createServer(answer);
    servers.push(server);
    await new Promise<void>(settle => server.listen(0, '127.0.0.1', settle));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  };
  const canary = `canary-77ab ${rude}`;
  const json = { 'content-type': 'application/json' };
  const answers: readonly (readonly [name: string, answer: RequestListener])[] = [
    [
      'an error in its own words',
      (_, response) =>
        response.writeHead(400, json).end(JSON.stringify({ __type: canary, message: canary, errors: [canary] })),
    ],
    [
      'a name of an error that is one of JavaScript',
      (_, response) => response.writeHead(400, json).end('{"__type":"constructor","errors":["__proto__"]}'),
    ],
    ['another error', (_, response) => response.writeHead(500, { 'x-amzn-errortype': 'canary-77ab' }).end(canary)],
    ['garbage', (_, response) => response.writeHead(200, json).end(canary)],
    [
      'an endless answer',
      (_, response) => {
        response.writeHead(200, json);
        const timer = setInterval(() => response.write('{"x":'.repeat(10_000)), 5);
        response.on('close', () => clearInterval(timer));
      },
    ],
    ['very deep JSON', (_, response) => response.writeHead(200, json).end('['.repeat(200_000))],
    ['no end of headers', (_, response) => response.writeHead(200, { x: 'y'.repeat(15_000) }).end('{}')],
    [
      'a key of another length',
      (_, response) =>
        response
          .writeHead(200, json)
          .end(JSON.stringify({ Plaintext: 'Y2FuYXJ5LTc3YWI=', data: { plaintext: 'Y2FuYXJ5LTc3YWI=' } })),
    ],
    [
      'too much of a key',
      (_, response) =>
        response
          .writeHead(200, json)
          .end(JSON.stringify({ Plaintext: 'A'.repeat(4_000_000), data: { plaintext: 'A'.repeat(4_000_000) } })),
    ],
    ['no answer', () => undefined],
    ['a closed door', request => request.socket.destroy()],
  ];
  for (const kind of ['kms', 'hc_vault'] as const) {
    test(`${kind}: a service that answers as an enemy`, async t => {
      const block = await sealed(kind);
      if (block === undefined) return t.skip(everywhere.missing.join(', '));
      for (const [name, answer] of answers) {
        await t.test(name, async () => {
          const address = await serve(answer);
          if (kind === 'hc_vault') Object.assign(block.sops[kind]![0]!, { vault_address: address });
          writeFileSync(join(everywhere.folder, 'c.yaml'), stringify(block));
          const more = { AWS_ENDPOINT_URL: address, VAULT_ADDR: address };
          const done = await run(['decrypt', '--timeout', '1', 'c.yaml'], more);
          isFit(done);
          const file = readFileSync(join(everywhere.folder, 'a.yaml'), 'utf8');
          const wrapping = await run(
            [
              'encrypt',
              '-i',
              '--timeout',
              '3',
              `--${options[kind]}`,
              kind === 'kms' ? String(block.sops[kind]![0]!['arn']) : `${address}/v1/transit/keys/k`,
              'a.yaml',
            ],
            more,
          );
          isFit(wrapping);
          assert.equal(readFileSync(join(everywhere.folder, 'a.yaml'), 'utf8'), file);
        });
      }
    });
  }

  describe('programs', { skip: process.platform === 'win32' }, () => {
    const recipient = 'age1demo1qvpsxqcrqvpsxu34qdv';
    const identity = 'AGE-PLUGIN-DEMO-1QVPSXQCRQVPSXNJF772';
    /** What becomes of a program, and what is said of a plugin that does so. */
    const bodies: readonly (readonly [name: string, body: string, said: RegExp])[] = [
      ['hangs', '(while :; do echo x >>"$BEATS"; sleep 0.05; done); true', /did not answer (?:for|within) 1 seconds?/],
      ['ends', 'exit 3', /ended before it had answered \(exit status 3\)/],
      ['is killed', 'kill -9 $$', /ended before it had answered \(a signal ended it\)/],
      ['talks nonsense', 'while read -r line; do echo canary-77ab; done', /does not keep to the age plugin protocol/],
      ['never stops', 'exec yes canary-77ab', /does not keep to the age plugin protocol/],
    ];

    for (const [name, body, said] of bodies) {
      test(`a plugin, gpg and a command for identities that ${name}`, async () => {
        const folder = join(everywhere.folder, 'bin');
        mkdirSync(folder, { recursive: true });
        const beats = join(everywhere.folder, 'beats');
        const program = join(folder, 'age-plugin-demo');
        writeFileSync(program, `#!/bin/sh\n${body}\n`, { mode: 0o755 });
        const more = { PATH: `${folder}${delimiter}${process.env['PATH']}`, BEATS: beats };
        writeFileSync(join(everywhere.folder, 'p.yaml'), plain);
        const wrapping = await run(['encrypt', '-i', '--timeout', '1', '--age', recipient, 'p.yaml'], more);
        isFit(wrapping);
        assert.match(wrapping.stderr, new RegExp(`age-plugin-demo ${said.source}`));
        assert.equal(readFileSync(join(everywhere.folder, 'p.yaml'), 'utf8'), plain);
        const age = await sealed('age');
        const pgp = await sealed('pgp');
        for (const [block, variables] of [
          [age, { SOPS_AGE_KEY_FILE: '', SOPS_AGE_KEY: identity }],
          [age, { SOPS_AGE_KEY_FILE: '', SOPS_AGE_KEY_CMD: `'${program}'` }],
          [pgp, { SOPS_GPG_EXEC: program }],
        ] as const) {
          if (block === undefined) continue;
          writeFileSync(join(everywhere.folder, 'd.yaml'), stringify(block));
          isFit(await run(['decrypt', '--timeout', '1', 'd.yaml'], { ...more, ...variables }));
        }
        if (name !== 'hangs') return;
        const size = statSync(beats).size;
        await sleep(300);
        assert.ok(size > 0 && statSync(beats).size === size, 'a program goes on');
      });
    }
  });
});
