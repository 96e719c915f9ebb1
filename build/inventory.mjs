// What of others is in the bundle: their licences in `dist/THIRD-PARTY-LICENCES.txt`, and a bill of materials in the form of
// CycloneDX 1.6 in `dist/sbom.cdx.json`. Made from the modules that the bundle really has.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const own = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));

export function inventory() {
  return {
    name: 'inventory',
    generateBundle(_options, bundle) {
      const modules = Object.values(bundle).flatMap(({ modules = {} }) => Object.keys(modules));
      this.emitFile({ type: 'asset', fileName: 'THIRD-PARTY-LICENCES.txt', source: licencesOf(modules) });
      this.emitFile({ type: 'asset', fileName: 'sbom.cdx.json', source: bill(packagesOf(modules)) });
    },
  };
}

/** The packages that modules come from, by name and version. */
function packagesOf(modules) {
  const folders = new Set(modules.map(folderOf).filter(folder => folder !== undefined));
  const found = new Map();
  for (const folder of folders) {
    const { name, version, license, licenses, homepage, repository } = JSON.parse(
      readFileSync(join(folder, 'package.json'), 'utf8'),
    );
    const licence = license ?? licenses?.map(({ type }) => type).join(' OR ');
    if (typeof licence !== 'string') throw new Error(`${name} does not say its licence`);
    const source = homepage ?? (typeof repository === 'string' ? repository : repository?.url);
    found.set(`${name}@${version}`, { name, version, licence, source, text: licenceText(folder) });
  }
  return [...found.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, entry]) => entry);
}

/** The folder of the package that has a module; packages may hold further `package.json` files without a name. */
function folderOf(id) {
  const at = id.lastIndexOf('/node_modules/');
  if (at < 0) return undefined;
  const [scope, name] = id.slice(at + '/node_modules/'.length).split('/');
  return join(id.slice(0, at), 'node_modules', ...(scope.startsWith('@') ? [scope, name] : [scope]));
}

function licenceText(folder) {
  const names = readdirSync(folder).filter(name => /^(licen[cs]e|copying|notice)([.-].*)?$/i.test(name));
  return names.sort().map(name => readFileSync(join(folder, name), 'utf8').trim());
}

/**
 * The licences of the packages that modules come from. Many packages have the same text, which then stands once below all of them.
 * @param besides what else is inside, in a paragraph each
 */
export function licencesOf(modules, besides = []) {
  const packages = packagesOf(modules);
  const byText = new Map();
  for (const { name, version, licence, source, text } of packages) {
    const whole = text.join('\n\n');
    byText.set(whole, [...(byText.get(whole) ?? []), `${name} ${version} (${licence}) ${source ?? ''}`.trim()]);
  }
  const parts = [...byText].map(([text, names]) => [names.join('\n'), text].filter(Boolean).join('\n\n'));
  const all = [...besides, ...parts];
  return `tsops contains code of these packages.\n\n${all.join(`\n\n${'-'.repeat(80)}\n\n`)}\n`;
}

function bill(packages) {
  const components = packages.map(({ name, version, licence }) => component(name, version, licence));
  return `${JSON.stringify(
    {
      bomFormat: 'CycloneDX',
      specVersion: '1.6',
      version: 1,
      metadata: { component: { type: 'application', ...described(own.name, own.version, own.license) } },
      components,
    },
    null,
    2,
  )}\n`;
}

const component = (name, version, licence) => ({ type: 'library', ...described(name, version, licence) });

/** https://github.com/package-url/purl-spec: the scope of an npm package is a namespace, with its at sign encoded. */
function described(name, version, licence) {
  const purl = `pkg:npm/${name.replace(/^@/, '%40')}@${version}`;
  // An expression such as `MIT OR Apache-2.0` stands where the identifier of one licence would.
  const licenses = / (OR|AND|WITH) /.test(licence) ? [{ expression: licence }] : [{ license: { id: licence } }];
  return { name, version, purl, 'bom-ref': purl, licenses };
}
