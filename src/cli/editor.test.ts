import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { env } from '../host/environment.ts';
import { chooseEditor, extraArguments } from './editor.ts';

const folder = fs.mkdtempSync(join(tmpdir(), 'tsops-editor-'));
const path = env('PATH') ?? '';
after(() => {
  Object.assign(process.env, { PATH: path });
  fs.rmSync(folder, { recursive: true, force: true });
});

/** A folder with these programs, which is then all of the PATH. */
function onlyPrograms(...names: string[]): string {
  const bin = fs.mkdtempSync(join(folder, 'bin'));
  for (const name of names) fs.writeFileSync(join(bin, name), '#!/bin/sh\n', { mode: 0o755 });
  Object.assign(process.env, { PATH: bin });
  return bin;
}

describe('the choice', { skip: process.platform === 'win32' }, () => {
  const cases: [name: string, programs: string[], variables: Record<string, string>, chosen: string, args: number][] = [
    ['SOPS_EDITOR wins', ['a', 'b', 'vim'], { SOPS_EDITOR: 'a', EDITOR: 'b' }, 'a', 0],
    ['EDITOR', ['b', 'vim'], { EDITOR: 'b' }, 'b', 0],
    ['an empty or blank variable is none', ['b', 'vim'], { SOPS_EDITOR: ' ', EDITOR: 'b' }, 'b', 0],
    ['arguments and quotes', ['b'], { EDITOR: 'b -x "y z"' }, 'b', 2],
    ['vim first', ['vi', 'nano', 'vim'], {}, 'vim', 5],
    ['then nano', ['vi', 'nano'], {}, 'nano', 1],
    ['then vi', ['vi'], {}, 'vi', 0],
    ['a window editor waits', ['code'], { EDITOR: 'code' }, 'code', 1],
  ];
  for (const [name, programs, variables, chosen, args] of cases) {
    test(name, () => {
      const bin = onlyPrograms(...programs);
      const editor = chooseEditor(variable => new Map(Object.entries(variables)).get(variable));
      assert.deepEqual([editor.program, editor.args.length], [join(bin, chosen), args]);
    });
  }

  const failures: [name: string, variables: Record<string, string>][] = [
    ['no editor at all', {}],
    ['an editor that is not there', { EDITOR: 'tsops-no-such-editor' }],
    ['an open quote', { EDITOR: 'b "x' }],
  ];
  for (const [name, variables] of failures) {
    test(name, () => {
      onlyPrograms();
      const choose = () => chooseEditor(variable => new Map(Object.entries(variables)).get(variable));
      assert.throws(choose, { code: 'EDITOR_FAILED', exitStatus: 201 });
    });
  }

  test('vi that is vim behind its links is known as vim', () => {
    const bin = onlyPrograms('vim.basic');
    fs.symlinkSync('vim.basic', join(bin, 'vi'));
    assert.ok(chooseEditor(() => undefined).args.includes('-n'));
  });
});

describe('added arguments', () => {
  const vim = ['-n', '-i', 'NONE', '-c'];
  const cases: [name: string, real: string, given: string[], added: string[]][] = [
    ['code', 'code', [], ['--wait']],
    ['code', 'code', ['--wait'], []],
    ['code', 'code', ['-n', '-w'], []],
    ['/usr/bin/code-insiders', 'code-insiders', ['-n'], ['--wait']],
    ['C:\\x\\Code.exe', 'code', [], ['--wait']],
    ['code.cmd', 'code', [], ['--wait']],
    ['cursor', 'cursor', [], ['--wait']],
    ['subl', 'sublime_text', [], ['--wait']],
    ['zed', 'zed', [], ['--wait']],
    ['idea', 'idea.sh', [], ['--wait']],
    ['kate', 'kate', [], ['--block']],
    ['kate', 'kate', ['-b'], []],
    ['vim', 'vim.basic', [], vim],
    ['nvim', 'nvim', [], vim],
    ['vi', 'vim.tiny', [], vim],
    ['vi', 'vi', [], []],
    ['vi', 'nvi', [], []],
    ['vi', 'busybox', [], []],
    ['gvim', 'vim.gtk3', [], ['--nofork', ...vim]],
    ['vimdiff-like', 'something', [], []],
    ['nano', 'nano', [], ['--ignorercfiles']],
    ['nano', 'pico', [], []],
    ['emacs', 'emacs', [], []],
    ['cp', 'cp', [], []],
  ];
  for (const [name, real, given, added] of cases) {
    test(`${name} (${real}) ${given.join(' ')}`, () => {
      const extra = extraArguments(name, real, given);
      assert.deepEqual(extra.slice(0, added.length), added);
      assert.equal(extra.length, added.includes('-c') ? added.length + 1 : added.length);
    });
  }
});
