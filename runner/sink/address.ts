import { BlockList, isIP } from 'node:net'

export type AddressKind = 'loopback' | 'private' | 'public' | 'forbidden'

type Subnet = readonly [network: string, prefix: number, family: 'ipv4' | 'ipv6']

function makeList(subnets: readonly Subnet[]): BlockList {
  const list = new BlockList()
  for (const [network, prefix, family] of subnets) list.addSubnet(network, prefix, family)
  return list
}

/** Addresses outside the link-local range under which clouds answer for metadata and credentials. */
const METADATA: readonly Subnet[] = [
  // Alibaba Cloud metadata and Azure's wire server.
  ['100.100.100.200', 32, 'ipv4'],
  ['168.63.129.16', 32, 'ipv4'],
  // Oracle Cloud, and nothing that is a host of anybody's.
  ['192.0.0.0', 24, 'ipv4'],
  // EC2 and EKS over IPv6; Google Cloud over IPv6.
  ['fd00:ec2::', 32, 'ipv6'],
  ['fd20:ce::254', 128, 'ipv6'],
]

/** Link-local: EC2, ECS, GCP, Azure and Tencent metadata. */
const LINK_LOCAL: Subnet = ['169.254.0.0', 16, 'ipv4']

const IPV6_BITS = 128
const IPV4_BITS = 32
const SIX_TO_FOUR_BITS = 16

/** `169.254.0.0` → `a9fe:0` */
function toHextets(address: string): string {
  const [a = 0, b = 0, c = 0, d = 0] = address.split('.').map(Number)
  return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`
}

/** An IPv4 net as IPv6 writes it for NAT64, for 6to4, and in the old compatible form: a gateway leads to the same host. */
function embedded([address, prefix]: Subnet): readonly Subnet[] {
  const hextets = toHextets(address)
  const last = IPV6_BITS - IPV4_BITS + prefix
  return [
    [`64:ff9b::${hextets}`, last, 'ipv6'],
    [`::${hextets}`, last, 'ipv6'],
    [`2002:${hextets}::`, SIX_TO_FOUR_BITS + prefix, 'ipv6'],
  ]
}

/**
 * Where instance metadata and credentials answer, and what is no host at all. A connector that could point there
 * would turn "send my metrics" into "read my role's keys".
 */
const FORBIDDEN = makeList([
  ['0.0.0.0', 8, 'ipv4'],
  ['224.0.0.0', 3, 'ipv4'],
  ['::', 128, 'ipv6'],
  ['fe80::', 10, 'ipv6'],
  ['ff00::', 8, 'ipv6'],
  LINK_LOCAL,
  ...METADATA,
  ...[LINK_LOCAL, ...METADATA].filter(([, , family]) => family === 'ipv4').flatMap(embedded),
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
