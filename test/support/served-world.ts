import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { openWorld, type World, type WorldSettings } from './world.ts'

export type ServedWorld = World & { url: string }

/** A world that a real browser visits: its pages at any moment, since its clock is the story's. */
export async function openServedWorld(settings: WorldSettings = {}): Promise<ServedWorld> {
  let listen: ReturnType<typeof getRequestListener> | undefined
  const server = createServer((request, response) => listen?.(request, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://localhost:${(server.address() as AddressInfo).port}`
  const world = await openWorld({ ...settings, publicUrl: url })
  listen = getRequestListener(world.app.fetch)
  return {
    ...world,
    get now() {
      return world.now
    },
    url,
    async close() {
      server.closeAllConnections()
      server.close()
      await world.close()
    },
  }
}
