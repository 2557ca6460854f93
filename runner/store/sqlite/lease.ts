import type { Lease } from '../store.ts'
import type { Database } from './database.ts'

/**
 * True while nobody took the function over: a lease that ran out but was not claimed by another task still stands,
 * because its fence is the newest and no other writer can exist.
 */
export function holdsLease(database: Database, lease: Lease): boolean {
  const row = database.get('SELECT 1 FROM lease WHERE task_id = ? AND fence = ?', lease.taskId, lease.fence)
  return row !== undefined
}
