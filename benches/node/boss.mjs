// pg-boss as its documentation uses it, with its own defaults: send, fetch, complete, by clients that work side by side.
// Reads lines "<seconds> <clients> <batch>" and answers each with one line of JSON: how many jobs, and in how many seconds.

import { createInterface } from 'node:readline'
import { PgBoss } from 'pg-boss'

const [host, database] = process.argv.slice(2)
const queue = 'work'
const boss = new PgBoss({ host, database, user: 'postgres' })
boss.on('error', (error) => {
  console.error(error)
  process.exitCode = 1
})
await boss.start()
await boss.createQueue(queue)

const data = { title: 'a task of usual length, say', assignee: 'coder' }

async function one() {
  await boss.send(queue, data)
  const jobs = await boss.fetch(queue)
  for (const job of jobs) await boss.complete(queue, job.id, { summary: 'done' })
  return jobs.length
}

async function many(batch) {
  await boss.insert(queue, Array.from({ length: batch }, () => ({ data })))
  const jobs = await boss.fetch(queue, { batchSize: batch })
  if (jobs.length > 0) await boss.complete(queue, jobs.map((job) => job.id), { summary: 'done' })
  return jobs.length
}

async function turn(seconds, clients, batch) {
  const begun = performance.now()
  const until = begun + seconds * 1000
  const counts = await Promise.all(
    Array.from({ length: clients }, async () => {
      let count = 0
      while (performance.now() < until) count += await (batch > 1 ? many(batch) : one())
      return count
    }),
  )
  const count = counts.reduce((sum, more) => sum + more, 0)
  return { count, seconds: (performance.now() - begun) / 1000 }
}

console.log(JSON.stringify({ ready: true }))
for await (const line of createInterface({ input: process.stdin })) {
  const [seconds, clients, batch] = line.split(' ').map(Number)
  console.log(JSON.stringify(await turn(seconds, clients, batch)))
}
await boss.stop({ graceful: false })
