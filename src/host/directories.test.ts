import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { configDir, homeDir } from './directories.ts';
import { env } from './environment.ts';

test('the home folder is the one of the environment', { skip: process.platform === 'win32' }, () => {
  assert.equal(homeDir(), env('HOME') || undefined);
});

describe('configDir', { skip: process.platform === 'win32' }, () => {
  const cases: [NodeJS.Platform, Record<string, string>, string | undefined, string | undefined][] = [
    ['linux', {}, '/home/u', '/home/u/.config'],
    ['linux', { XDG_CONFIG_HOME: '/x' }, '/home/u', '/x'],
    ['linux', { XDG_CONFIG_HOME: '' }, '/home/u', '/home/u/.config'],
    ['linux', { XDG_CONFIG_HOME: 'relative' }, '/home/u', undefined],
    ['linux', { XDG_CONFIG_HOME: '/x' }, undefined, '/x'],
    ['linux', {}, undefined, undefined],
    ['darwin', {}, '/Users/u', '/Users/u/Library/Application Support'],
    ['darwin', { XDG_CONFIG_HOME: '/x' }, '/Users/u', '/x'],
    ['win32', { AppData: 'C:\\Users\\u\\AppData\\Roaming' }, 'C:\\Users\\u', 'C:\\Users\\u\\AppData\\Roaming'],
    ['win32', { XDG_CONFIG_HOME: 'C:\\x' }, 'C:\\Users\\u', undefined],
  ];
  for (const [platform, variables, home, expected] of cases) {
    test(`${platform} ${JSON.stringify(variables)} ${home}`, () => {
      const env = (name: string) => new Map(Object.entries(variables)).get(name);
      assert.equal(configDir({ platform, env, home }), expected);
    });
  }
});
