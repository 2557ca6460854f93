import { AwsFailure, type AwsRegion } from 'guance-aws-lambda/sets/guance_integration'
import { type Day, dayOf } from './day.ts'

export const GET = 'ce:GetCostAndUsage'

/** Asks for no days at all: refused, after AWS has looked whether one may ask, and on no bill. Throws AwsFailure. */
export async function askForNothing(region: AwsRegion): Promise<void> {
  const { GetCostAndUsageCommand } = await import('@aws-sdk/client-cost-explorer')
  const client = await region.costExplorer()
  const day = dayOf(region.clock.awsNowMs())
  const input = {
    TimePeriod: { Start: day, End: day },
    Granularity: 'DAILY' as const,
    Metrics: ['BlendedCost'],
  }
  try {
    await region.callOnce(GET, async (abortSignal) =>
      client.send(new GetCostAndUsageCommand(input), { abortSignal }),
    )
  } catch (error) {
    const cause = error instanceof Error ? (error.cause as Error | undefined) : undefined
    if (cause?.name !== 'ValidationException') throw error
  }
}

/** The day of AWS's bill as far as is known: by AWS's clock once it has replied, by the machine's before. */
export function dayOfBill({ clock }: Pick<AwsRegion, 'clock'>): Day {
  return dayOf(clock.awsNowMs())
}

/**
 * The day on whose bill a request stands that is sent now. The tick does not say: `dff exec --at` names one of the past, and
 * a run may begin before midnight. Where the machine's day is another one than the tick's, AWS is asked first, which is
 * free. Throws AwsFailure when it does not reply.
 */
export async function findPayingDay(region: AwsRegion, tickDay: Day): Promise<Day> {
  const { clock } = region
  if (!clock.isKnown() && dayOfBill(region) !== tickDay) {
    await askForNothing(region).catch((error: unknown) => {
      // Any reply says what time it is, a refusal too.
      if (!(error instanceof AwsFailure && clock.isKnown())) throw error
    })
  }
  return dayOfBill(region)
}
