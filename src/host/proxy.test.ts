import assert from 'node:assert/strict';
import { test } from 'node:test';
import { proxyFor } from './proxy.ts';

const [plain, secure] = ['http://plain.proxy:3128', 'http://secure.proxy:3128'];
const both = { HTTP_PROXY: plain, HTTPS_PROXY: secure };

const cases: [name: string, url: string, vars: Record<string, string>, expected: string | undefined][] = [
  ['none set', 'https://vault.example.com', {}, undefined],
  ['by scheme: https', 'https://vault.example.com', both, secure],
  ['by scheme: http', 'http://vault.example.com', both, plain],
  ['in small letters', 'https://vault.example.com', { https_proxy: secure }, secure],
  ['an empty one counts as none', 'https://vault.example.com', { HTTPS_PROXY: '', https_proxy: secure }, secure],
  ['capitals first', 'https://vault.example.com', { HTTPS_PROXY: plain, https_proxy: secure }, plain],
  ['this machine by name', 'https://localhost:8200', both, undefined],
  ['this machine by number', 'https://127.0.0.9:8200', both, undefined],
  ['this machine, IPv6', 'https://[::1]:8200', both, undefined],
  ['a name that only begins with 127', 'https://127.example.com', both, secure],
  ['everything', 'https://vault.example.com', { ...both, NO_PROXY: '*' }, undefined],
  ['a name', 'https://vault.example.com', { ...both, NO_PROXY: 'a, vault.example.com' }, undefined],
  ['a name covers those below it', 'https://vault.example.com', { ...both, NO_PROXY: 'example.com' }, undefined],
  ['a name is not the end of another', 'https://vault.badexample.com', { ...both, NO_PROXY: 'example.com' }, secure],
  ['a dot: below it', 'https://vault.example.com', { ...both, no_proxy: '.Example.com' }, undefined],
  ['a dot: not itself', 'https://example.com', { ...both, NO_PROXY: '.example.com' }, secure],
  ['a star and a dot', 'https://vault.example.com', { ...both, NO_PROXY: '*.example.com' }, undefined],
  ['another port', 'https://vault.example.com', { ...both, NO_PROXY: 'vault.example.com:8200' }, secure],
  ['the port', 'https://vault.example.com:8200', { ...both, NO_PROXY: 'vault.example.com:8200' }, undefined],
  ['the usual port', 'https://vault.example.com', { ...both, NO_PROXY: 'vault.example.com:443' }, undefined],
  ['an address', 'https://10.1.2.3', { ...both, NO_PROXY: '10.1.2.3' }, undefined],
  ['an address is not the end of another', 'https://110.1.2.3', { ...both, NO_PROXY: '1.2.3' }, secure],
  ['a network', 'https://10.1.2.3', { ...both, NO_PROXY: '10.0.0.0/8' }, undefined],
  ['another network', 'https://11.1.2.3', { ...both, NO_PROXY: '10.0.0.0/8' }, secure],
  ['a network of the other kind', 'https://10.1.2.3', { ...both, NO_PROXY: 'fd00::/8' }, secure],
  ['a network, IPv6', 'https://[fd00::1]:8200', { ...both, NO_PROXY: 'fd00::/8' }, undefined],
  ['an address, IPv6', 'https://[fd00::1]:8200', { ...both, NO_PROXY: 'fd00::1' }, undefined],
  ['an address and port, IPv6', 'https://[fd00::1]:8200', { ...both, NO_PROXY: '[fd00::1]:8200' }, undefined],
  ['networks that are none', 'https://10.1.2.3', { ...both, NO_PROXY: '10.0.0.0/99,x/8,10.0.0.0/,,' }, secure],
];

for (const [name, url, vars, expected] of cases) {
  test(`proxy: ${name}`, () => {
    assert.equal(
      proxyFor(new URL(url), variable => vars[variable]),
      expected,
    );
  });
}
