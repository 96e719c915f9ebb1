/**
 * A key of every kind, each in a server of its own or in a keyring, and what a machine needs to reach and to use it: for tests of
 * files with keys of several kinds. Kinds whose server or program is not here are left out, and `missing` says so.
 */

import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KeyKind } from '../../src/core/metadata.ts';
import { environmentOf, newFolder, removeFolder, vectors } from '../suites/harness.ts';
import { testKeys } from './aws.ts';
import { type Cloud, startCloud } from './cloud.ts';
import { FakeGoogle } from './gcpkms-client.ts';
import { ring } from './gcpkms-keys.ts';
import { iamSite, Kms, permanent, project } from './huaweikms.ts';
import { applicationEnv, loginSite, Vault } from './keyvault.ts';
import { kmsRequest, type Moto, motoProgram, startMoto } from './moto.ts';
import { startVault, type TestVault, vaultRequest } from './vault.ts';

export type Variables = Readonly<Record<string, string>>;

export interface TestKey {
  readonly kind: KeyKind;
  /** As it stands on a command line. */
  readonly text: string;
  /** Another key of the kind, for which the machine can encrypt. Of a kind that is opened on the machine it cannot open it. */
  readonly other: string;
  /** As an item of its list in a key group, in YAML, with the name of that list. */
  readonly item: readonly [list: string, item: string];
  /** What makes a machine one that can use it. */
  readonly credentials: Variables;
}

const keyFile = (name: string): string => readFileSync(join(vectors, 'keys', name), 'utf8').trim();

export class Everywhere {
  readonly keys: TestKey[] = [];
  readonly missing: string[] = [];
  readonly folder: string = newFolder();
  /** What a real sops needs beside it: its SDK for HuaweiCloud knows no proxy. */
  forSops: Variables = {};
  readonly #stops: (() => Promise<void>)[] = [];
  #reach: Record<string, string> = {};

  static async start(): Promise<Everywhere> {
    const everywhere = new Everywhere();
    everywhere.#addLocal();
    const cloud = await everywhere.#addCloud();
    await everywhere.#addGoogle(cloud);
    await everywhere.#addVault();
    await everywhere.#addAws();
    return everywhere;
  }

  /** A machine that reaches every server and has the credentials of these keys alone. */
  machine(keys: readonly TestKey[]): Record<string, string> {
    const credentials = keys.map(key => key.credentials);
    return Object.assign({}, this.#reach, ...credentials);
  }

  async stop(): Promise<void> {
    for (const stop of this.#stops) await stop();
    removeFolder(this.folder);
  }

  #addLocal(): void {
    const recipient = keyFile('age-1.pub');
    const age = { SOPS_AGE_KEY_FILE: join(vectors, 'keys', 'age-1.txt') };
    const other = keyFile('age-2.pub');
    this.keys.push({ kind: 'age', text: recipient, other, item: ['age', recipient], credentials: age });
    const empty = join(this.folder, 'gnupg');
    mkdirSync(empty, { mode: 0o700 });
    this.#reach['GNUPGHOME'] = empty;
    if (spawnSync('gpg', ['--version']).status !== 0) {
      this.missing.push('gpg is not here');
      return;
    }
    const fingerprint = keyFile('pgp-1.fingerprint.txt');
    const stranger = keyFile('pgp-2.fingerprint.txt');
    const credentials = environmentOf({ GNUPGHOME: ['pgp-1.secret.asc', 'pgp-2.public.asc'] }, this.folder);
    this.keys.push({ kind: 'pgp', text: fingerprint, other: stranger, item: ['pgp', fingerprint], credentials });
  }

  async #addCloud(): Promise<Cloud> {
    const vault = new Vault();
    const huawei = new Kms();
    const cloud = await startCloud({
      'test.vault.azure.net': vault.site,
      'login.microsoftonline.com': loginSite,
      'kms.tr-west-1.myhuaweicloud.com': huawei.site,
      'iam.tr-west-1.myhuaweicloud.com': iamSite(),
      'iam.myhuaweicloud.com': iamSite(),
      '127.0.0.1': ask => (ask.path.startsWith('/v1.0/') ? huawei.site : iamSite())(ask),
    });
    this.forSops = { HUAWEICLOUD_SDK_REGION_KMS_TR_WEST_1: cloud.direct, HUAWEICLOUD_SDK_IAM_ENDPOINT: cloud.direct };
    this.#stops.push(() => cloud.stop());
    const address = 'https://test.vault.azure.net';
    const version = vault.add('main');
    this.keys.push({
      kind: 'azure_kv',
      text: `${address}/keys/main/${version}`,
      other: `${address}/keys/other/${vault.add('other')}`,
      item: ['azure_keyvault', `{vaultUrl: "${address}", key: main, version: "${version}"}`],
      credentials: applicationEnv,
    });
    const id = `tr-west-1:${huawei.add()}`;
    const access = { HUAWEICLOUD_SDK_AK: permanent.ak, HUAWEICLOUD_SDK_SK: permanent.sk };
    const credentials = { ...access, HUAWEICLOUD_SDK_PROJECT_ID: project };
    const other = `tr-west-1:${huawei.add()}`;
    this.keys.push({ kind: 'hckms', text: id, other, item: ['hckms', `{key_id: "${id}"}`], credentials });
    // Without credentials of its own, no SDK shall look for those of a machine in the cloud.
    const nowhere = { AZURE_TOKEN_CREDENTIALS: 'EnvironmentCredential', NO_PROXY: 'localhost,127.0.0.1' };
    Object.assign(this.#reach, cloud.env, nowhere);
    return cloud;
  }

  async #addGoogle(cloud: Cloud): Promise<void> {
    const google = await FakeGoogle.start();
    this.#stops.push(() => google.stop());
    const authorities = join(this.folder, 'authorities.pem');
    const texts = [cloud.env['NODE_EXTRA_CA_CERTS'] ?? '', google.authority].map(path => readFileSync(path, 'utf8'));
    writeFileSync(authorities, texts.join('\n'));
    // OpenSSL takes the first of two authorities of one name.
    const trust = { NODE_EXTRA_CA_CERTS: authorities, GRPC_DEFAULT_SSL_ROOTS_FILE_PATH: google.authority };
    Object.assign(this.#reach, trust, google.at('grpc'), { METADATA_SERVER_DETECTION: 'none' });
    this.keys.push({
      kind: 'gcp_kms',
      text: `${ring}one`,
      other: `${ring}two`,
      item: ['gcp_kms', `{resource_id: ${ring}one}`],
      credentials: { GOOGLE_OAUTH_ACCESS_TOKEN: google.ready.token },
    });
  }

  async #addVault(): Promise<void> {
    const vault: TestVault = await startVault();
    this.#stops.push(() => vault.stop());
    await vaultRequest(vault, 'POST', 'sys/mounts/transit', { type: 'transit' });
    for (const name of ['main', 'other']) await vaultRequest(vault, 'POST', `transit/keys/${name}`, {});
    const uri = `${vault.address}/v1/transit/keys/main`;
    this.keys.push({
      kind: 'hc_vault',
      text: uri,
      other: `${vault.address}/v1/transit/keys/other`,
      item: ['hc_vault', uri],
      credentials: { VAULT_TOKEN: vault.token },
    });
  }

  async #addAws(): Promise<void> {
    this.#reach['AWS_EC2_METADATA_DISABLED'] = 'true';
    if (motoProgram === undefined) {
      this.missing.push('moto_server is not here (TSOPS_TEST_MOTO names it)');
      return;
    }
    const moto: Moto = await startMoto(motoProgram);
    this.#stops.push(() => moto.stop());
    const create = async () => (await kmsRequest(moto.endpoint, 'eu-west-1', 'CreateKey', {})).KeyMetadata?.Arn ?? '';
    const [arn, other] = [await create(), await create()];
    this.#reach['AWS_ENDPOINT_URL'] = moto.endpoint;
    this.keys.push({ kind: 'kms', text: arn, other, item: ['kms', `{arn: "${arn}"}`], credentials: testKeys });
  }
}
