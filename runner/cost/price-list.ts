import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { DffError } from '../../core/error.ts'
import { validate } from '../../core/parameters.ts'
import { REGIONS } from '../../core/regions.generated.ts'
import type { GuancePrice, HomePrices, PartitionPrice } from '../../core/schema-types.generated.ts'
import aws from './price/aws.json' with { type: 'json' }
import awsCn from './price/aws-cn.json' with { type: 'json' }
import guance from './price/guance.json' with { type: 'json' }

/** Of the other partitions no price is known here. A test validates each file against its schema. */
const SHIPPED: HomePrices = { aws, 'aws-cn': awsCn, guance }

type Partition = Exclude<keyof HomePrices, 'guance'>

function isPartition(name: string | undefined): name is Partition {
  return name !== undefined && ['aws', 'aws-cn', 'aws-us-gov', 'aws-eusc'].includes(name)
}

/** Prices of a home: the shipped ones, and over them the user's own. */
export interface PriceList {
  /** Undefined where no price is known: it is for the user to say. */
  of(region: string): PartitionPrice | undefined
  readonly guance: GuancePrice | undefined
}

/** The partition that bills a region; undefined for a region that nobody knows. */
export function partitionOf(region: string): string | undefined {
  return Object.hasOwn(REGIONS, region) ? REGIONS[region]?.partition : undefined
}

/** A list from the user's own prices, each of which stands for the whole shipped entry. */
export function makePriceList(own: HomePrices): PriceList {
  const prices = { ...SHIPPED, ...own }
  return {
    of: (region) => {
      const partition = partitionOf(region)
      return isPartition(partition) ? prices[partition] : undefined
    },
    guance: prices.guance,
  }
}

function unreadable(path: string, error: unknown): DffError {
  return new DffError(
    {
      code: 'BAD_PARAMETER',
      place: path,
      expected: 'prices as JSON',
      got: error instanceof Error ? error.message : String(error),
      remedy: 'Correct the file, or remove it to go by the shipped prices.',
    },
    { cause: error },
  )
}

/** The prices of a home; read each time, so that an edited file counts at once. Rejects with BAD_PARAMETER naming the place in `prices.json`. */
export async function readPriceList(path: string): Promise<PriceList> {
  let value: unknown
  try {
    value = JSON.parse(await readFile(path, 'utf8'))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return makePriceList({})
    throw unreadable(path, error)
  }
  const own = validate('prices', value, path)
  const named = Object.entries(own).map(([key, entry]) => [key, { source: basename(path), ...entry }])
  return makePriceList(Object.fromEntries(named) as HomePrices)
}
