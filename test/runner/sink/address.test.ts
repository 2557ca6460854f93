import { describe, expect, it } from 'vitest'
import { classifyAddress } from '../../../runner/sink/address.ts'
import { checkSinkUrl, parseSinkUrl } from '../../../runner/sink/url.ts'

describe('addresses', () => {
  it.each([
    ['127.0.0.1', 'loopback'],
    ['127.8.8.8', 'loopback'],
    ['::1', 'loopback'],
    ['::ffff:127.0.0.1', 'loopback'],
    ['10.1.2.3', 'private'],
    ['172.31.255.255', 'private'],
    ['192.168.0.1', 'private'],
    ['100.64.0.1', 'private'],
    ['fd12::1', 'private'],
    ['172.32.0.1', 'public'],
    ['8.8.8.8', 'public'],
    ['2606:4700::1', 'public'],
    ['169.254.169.254', 'forbidden'],
    ['169.254.170.2', 'forbidden'],
    ['::ffff:169.254.169.254', 'forbidden'],
    ['::ffff:a9fe:a9fe', 'forbidden'],
    ['64:ff9b::a9fe:a9fe', 'forbidden'],
    ['64:ff9b::6464:64c8', 'forbidden'],
    ['2002:a9fe:a9fe::1', 'forbidden'],
    ['::169.254.169.254', 'forbidden'],
    ['64:ff9b::808:808', 'public'],
    ['fe80::1', 'forbidden'],
    ['fe80::1%eth0', 'forbidden'],
    ['192.0.0.192', 'forbidden'],
    ['192.0.1.1', 'public'],
    ['fd20:ce::254', 'forbidden'],
    ['fd20:ce::253', 'private'],
    ['fd00:ec2::254', 'forbidden'],
    ['100.100.100.200', 'forbidden'],
    ['168.63.129.16', 'forbidden'],
    ['0.0.0.0', 'forbidden'],
    ['::', 'forbidden'],
    ['255.255.255.255', 'forbidden'],
    ['not an address', 'forbidden'],
  ])('%s is %s', (address, kind) => {
    expect(classifyAddress(address)).toBe(kind)
  })
})

describe('a sink URL', () => {
  it.each([
    'http://127.0.0.1:9529',
    'http://[::1]:9529/base/',
    'http://10.0.0.5:9529',
    'http://datakit.internal:9529',
    'https://openway.guance.com',
    'https://8.8.8.8',
  ])('may be %s', (url) => {
    expect(parseSinkUrl(url, 'url').href).toContain(url)
  })

  it.each([
    ['http://8.8.8.8', 'https, or http to a loopback or private address'],
    ['https://169.254.169.254/latest', 'https, or http to a loopback or private address'],
    ['http://[fd00:ec2::254]', 'https, or http to a loopback or private address'],
    ['http://2852039166', 'https, or http to a loopback or private address'],
    ['https://0xa9fea9fe', 'https, or http to a loopback or private address'],
    ['https://0251.0376.0251.0376', 'https, or http to a loopback or private address'],
    ['https://169.254.43518', 'https, or http to a loopback or private address'],
    ['https://169.254.169.254.', 'https, or http to a loopback or private address'],
    ['https://①⑥⑨.254.169.254', 'https, or http to a loopback or private address'],
    ['https://%31%36%39.254.169.254', 'https, or http to a loopback or private address'],
    ['https://[::ffff:169.254.169.254]', 'https, or http to a loopback or private address'],
    ['https://[64:ff9b::a9fe:a9fe]', 'https, or http to a loopback or private address'],
    ['file:///etc/passwd', 'an http or https URL'],
    ['javascript:alert(1)', 'an http or https URL'],
    ['ftp://127.0.0.1', 'an http or https URL'],
    ['127.0.0.1:9529', 'an http or https URL'],
    ['https://openway.guance.com?token=tkn_secret', 'a base URL alone'],
    ['https://user:tkn_secret@openway.guance.com', 'a base URL alone'],
  ])('may not be %s', (url, expected) => {
    const read = (): unknown => parseSinkUrl(url, 'connector default: url')
    expect(read).toThrow(
      expect.objectContaining({ code: 'BAD_PARAMETER', parts: expect.objectContaining({ expected }) }),
    )
    expect(read).not.toThrow(/tkn_secret/)
  })

  it('is checked by what its name resolves to, and passes when it does not resolve', async () => {
    await expect(checkSinkUrl('http://localhost:9529', 'url')).resolves.toBeUndefined()
    await expect(checkSinkUrl('http://nobody.invalid:9529', 'url')).resolves.toBeUndefined()
  })
})
