/** Where HuaweiCloud's services are: services/kms/v2/region and core/auth/internal of huaweicloud-sdk-go-v3 0.1.202, which sops uses. */

import type { KeyContext } from './provider.ts';

/** Regions with KMS. Their address follows from the name but for one. */
const kmsRegions = new Set(
  `ae-ad-1 af-north-1 af-south-1 ap-southeast-1 ap-southeast-2 ap-southeast-3 ap-southeast-4 ap-southeast-5 cn-east-2 cn-east-3
  cn-east-4 cn-east-5 cn-north-1 cn-north-11 cn-north-12 cn-north-2 cn-north-4 cn-north-9 cn-south-1 cn-south-2 cn-south-4
  cn-southwest-2 cn-southwest-3 eu-west-101 la-north-2 la-south-2 me-east-1 my-kualalumpur-1 na-mexico-1 ru-moscow-1
  sa-brazil-1 tr-west-1`.split(/\s+/),
);

/** Regions with an address of their own for identities (IAM); the others have a common one. */
const iamRegions = new Set(
  `ae-ad-1 af-south-1 ap-southeast-1 ap-southeast-2 ap-southeast-3 ap-southeast-4 cn-east-2 cn-east-3 cn-east-4 cn-east-5
  cn-north-1 cn-north-12 cn-north-2 cn-north-4 cn-north-9 cn-south-1 cn-south-2 cn-southwest-2 eu-west-0 la-north-2 la-south-2
  me-east-1 my-kualalumpur-1 na-mexico-1 ru-moscow-1 sa-brazil-1 tr-west-1`.split(/\s+/),
);

const regionPattern = /^[a-z0-9][a-z0-9-]{0,62}$/;

/** The variable that names another address for KMS in a region. */
export function endpointVariable(region: string): string {
  return `HUAWEICLOUD_SDK_REGION_KMS_${region.toUpperCase().replaceAll('-', '_')}`;
}

/** The address of KMS in a region; undefined where neither HuaweiCloud nor the environment has one. */
export function kmsAddress(region: string, context: KeyContext): URL | undefined {
  if (!regionPattern.test(region)) return undefined;
  const named = context.env(endpointVariable(region))?.split(',')[0]?.trim();
  if (named) return addressOf(/^https?:\/\//.test(named) ? named : `https://${named}`);
  if (!kmsRegions.has(region)) return undefined;
  return new URL(`https://kms.${region}.myhuaweicloud.${region === 'eu-west-101' ? 'eu' : 'com'}`);
}

/** The address of the identity service, for a region where it matters. `named` is what a credentials file says. */
export function iamAddress(region: string | undefined, context: KeyContext, named = ''): URL | undefined {
  const other = named || context.env('HUAWEICLOUD_SDK_IAM_ENDPOINT');
  if (other) return addressOf(other.startsWith('https://') ? other : `https://${other}`);
  const place = region !== undefined && iamRegions.has(region) ? `${region}.` : '';
  return new URL(`https://iam.${place}myhuaweicloud.com`);
}

const addressOf = (text: string): URL | undefined => (URL.canParse(text) ? new URL(text) : undefined);
