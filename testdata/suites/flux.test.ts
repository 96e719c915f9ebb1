/**
 * Flux finds encrypted files by a few bytes of them (kustomize-controller, internal/decryptor): they stand in whatever tsops writes, once,
 * also after the file has been changed.
 */

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { newFolder, removeFolder, runTsops, vectors } from './harness.ts';

const folders: string[] = [];
after(() => folders.forEach(removeFolder));
const recipient = (n: number): string => readFileSync(join(vectors, 'keys', `age-${n}.pub`), 'utf8').trim();

/** The words of the decryptor's `DetectFormatFromMarkerBytes`. */
const files: readonly (readonly [name: string, plain: string, marker: string])[] = [
  [
    'secret.yaml',
    '# c\napiVersion: v1\nkind: Secret\nmetadata: {name: x}\ndata:\n  a: aGVsbG8=\n  b: eA==\n',
    'mac: ENC[',
  ],
  ['list.yaml', 'kind: List\nitems:\n- kind: Secret\n  data: {a: eA==}\n---\ndata: {a: eA==}\n', 'mac: ENC['],
  ['secret.json', '{\n  "kind": "Secret",\n  "data": {"a": "aGVsbG8=", "b": "eA=="}\n}\n', '"mac": "ENC['],
  ['flat.json', '{"kind":"Secret","data":{"a":"aGVsbG8="}}', '"mac": "ENC['],
  ['keys.bin', 'hello\n', '"mac": "ENC['],
  ['app.env', '# c\ndata=hello\nb=x\n', 'sops_mac=ENC['],
  ['app.ini', '[data]\na = hello\nb = x\n', '[sops]'],
];
const paths: Readonly<Record<string, string>> = { 'app.env': '["b"]', 'app.ini': '["data"]["b"]' };

describe('the marks that Flux looks for', { concurrency: 2 }, () => {
  for (const [name, plain, marker] of files) {
    test(name, async () => {
      const folder = newFolder();
      folders.push(folder);
      const config = (who: string): void =>
        writeFileSync(
          join(folder, '.sops.yaml'),
          `creation_rules:\n  - path_regex: \\.env$\n    age: ${who}\n  - preset: kubernetes\n    age: ${who}\n`,
        );
      const isMarked = async (args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<void> => {
        const identity = { SOPS_AGE_KEY_FILE: join(vectors, 'keys', 'age-1.txt') };
        const run = await runTsops(args, { cwd: folder, env: { ...identity, ...env } });
        assert.equal(run.status, 0, run.stderr);
        const text = readFileSync(join(folder, name), 'utf8');
        // Every document has the block of its file.
        const documents = name.endsWith('.yaml') ? plain.split('---\n').length : 1;
        assert.equal(text.split(marker).length - 1, documents, args[0]);
      };
      config(recipient(1));
      writeFileSync(join(folder, name), plain);
      await isMarked(['encrypt', '-i', name]);
      const path = paths[name] ?? (name === 'list.yaml' ? '["items"][0]["data"]["a"]' : '["data"]["a"]');
      if (!name.endsWith('.bin')) await isMarked(['set', name, path, '"eQ=="']);
      const editor = `sh -c 'printf "\\n" >> "$0"'`;
      const change = name.endsWith('.json') ? `sh -c 'sed -i s/eQ/eg/ "$0"'` : editor;
      await isMarked(['edit', name], { EDITOR: change });
      await isMarked(['rotate', '-i', name]);
      config(`${recipient(1)},${recipient(2)}`);
      await isMarked(['updatekeys', '-y', name]);
    });
  }
});
