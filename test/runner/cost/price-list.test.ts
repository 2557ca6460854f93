import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { validate } from '../../../core/parameters.ts'
import { makePriceList, partitionOf, readPriceList } from '../../../runner/cost/price-list.ts'

const FOLDER = new URL('../../../runner/cost/price/', import.meta.url)

let home = ''
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'dff prices 中文-'))
})
afterAll(() => rmSync(home, { recursive: true, force: true }))

function write(text: string): string {
  const path = join(home, 'prices.json')
  writeFileSync(path, text)
  return path
}

describe('the shipped prices', () => {
  it.each(readdirSync(FOLDER))('in %s keep their schema, and say from where and when they are', (name) => {
    const schema = name === 'guance.json' ? 'guance-price' : 'partition-price'
    const prices = validate(schema, JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8')), name)
    expect(prices.asOf).toMatch(/^20\d\d-\d\d-\d\d$/)
    expect(prices.source).not.toBe('')
  })

  it('are those of the partition that a region belongs to, and nothing where none is known', () => {
    const prices = makePriceList({})
    expect(prices.of('us-east-1')).toMatchObject({ currency: 'USD', perThousandMetrics: 0.01 })
    expect(prices.of('eu-west-1')).toBe(prices.of('us-east-1'))
    expect(prices.of('cn-north-1')).toMatchObject({ currency: 'CNY', perThousandMetrics: 0.0651 })
    expect(
      ['us-gov-west-1', 'eusc-de-east-1', '', 'moon-1', 'toString'].map((region) => prices.of(region)),
    ).toEqual([undefined, undefined, undefined, undefined, undefined])
    expect(partitionOf('us-gov-west-1')).toBe('aws-us-gov')
  })
})

describe('prices.json', () => {
  it('may be missing', async () => {
    const prices = await readPriceList(join(home, 'none', 'prices.json'))
    expect(prices.of('us-east-1')).toMatchObject({ perThousandMetrics: 0.01 })
  })

  it('takes the place of the shipped entries that it names, each as a whole', async () => {
    const own = { currency: 'USD', perThousandMetrics: 0.009 }
    const prices = await readPriceList(write(JSON.stringify({ aws: own, 'aws-us-gov': own })))
    expect(prices.of('us-east-1')).toEqual({ ...own, source: 'prices.json' })
    expect(prices.of('us-gov-east-1')).toEqual({ ...own, source: 'prices.json' })
    expect(prices.of('cn-north-1')).toMatchObject({ perThousandMetrics: 0.0651 })
    expect(prices.guance?.offers.length).toBeGreaterThan(1)
  })

  it.each([
    ['{', /prices as JSON/],
    ['[]', /an object/],
    ['{"aws": {"currency": "USD"}}', /aws: expected the key perThousandMetrics/],
    ['{"aws": {"currency": "usd", "perThousandMetrics": 1}}', /aws\.currency/],
    ['{"aws": {"currency": "USD", "perThousandMetrics": -1}}', /at least 0/],
    ['{"aws-gov": {"currency": "USD", "perThousandMetrics": 1}}', /aws-us-gov/],
    ['{"guance": {"offers": []}}', /guance\.offers/],
  ])('that holds %s is refused with the place', async (text, message) => {
    const path = write(text)
    await expect(readPriceList(path)).rejects.toMatchObject({ code: 'BAD_PARAMETER', message })
    await expect(readPriceList(path)).rejects.toThrow('prices.json')
  })
})
