import { BlockList, isIP } from 'node:net'

export type AddressKind = 'loopback' | 'private' | 'public' | 'forbidden'

type Subnet = readonly [network: string, prefix: number, family: 'ipv4' | 'ipv6']

function makeList(subnets: readonly Subnet[]): BlockList {
  const list = new BlockList()
  for (const [network, prefix, family] of subnets) list.addSubnet(network, prefix, family)
  return list
}

/**
 * Where instance metadata and credentials answer, and what is no host at all. A connector that could point there
 * would turn "send my metrics" into "read my role's keys".
 */
const FORBIDDEN = makeList([
  ['0.0.0.0', 8, 'ipv4'],
  // Link-local: EC2, ECS, GCP and Azure metadata.
  ['169.254.0.0', 16, 'ipv4'],
  // Alibaba Cloud metadata and Azure's wire server stand outside the link-local range.
  ['100.100.100.200', 32, 'ipv4'],
  ['168.63.129.16', 32, 'ipv4'],
  ['224.0.0.0', 3, 'ipv4'],
  ['::', 128, 'ipv6'],
  ['fe80::', 10, 'ipv6'],
  // EC2 and EKS metadata over IPv6.
  ['fd00:ec2::', 32, 'ipv6'],
  ['ff00::', 8, 'ipv6'],
  // The same IPv4 link-local range as NAT64 writes it.
  ['64:ff9b::a9fe:0', 112, 'ipv6'],
])
const LOOPBACK = makeList([
  ['127.0.0.0', 8, 'ipv4'],
  ['::1', 128, 'ipv6'],
])
const PRIVATE = makeList([
  ['10.0.0.0', 8, 'ipv4'],
  ['172.16.0.0', 12, 'ipv4'],
  ['192.168.0.0', 16, 'ipv4'],
  // Carrier-grade NAT, where overlay networks live.
  ['100.64.0.0', 10, 'ipv4'],
  ['fc00::', 7, 'ipv6'],
])

/** Which net an IP address belongs to; `::ffff:169.254.169.254` counts as the IPv4 address that it is. */
export function classifyAddress(address: string): AddressKind {
  const version = isIP(address)
  if (version === 0) return 'forbidden'
  const family = version === 4 ? 'ipv4' : 'ipv6'
  if (FORBIDDEN.check(address, family)) return 'forbidden'
  if (LOOPBACK.check(address, family)) return 'loopback'
  return PRIVATE.check(address, family) ? 'private' : 'public'
}

/** Why data must not go to this address, or undefined when it may. */
export function refuseAddress(address: string, protocol: string): string | undefined {
  const kind = classifyAddress(address)
  if (kind === 'forbidden') return `${address} is a link-local, metadata or reserved address`
  if (kind === 'public' && protocol !== 'https:')
    return `${address} is a public address and the URL is not https`
  return undefined
}
