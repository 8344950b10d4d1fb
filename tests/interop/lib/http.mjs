// HTTP on loopback: an express application on a free port, and JSON calls with a time limit.
import { once } from 'node:events'
import { createServer } from 'node:net'
import express from 'express'

/** An application that listens already, so that its address is known before its routes are made. */
export async function listen() {
  const app = express()
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { app, base: `http://localhost:${server.address().port}`, close: () => { server.closeAllConnections(); server.close() } }
}

/** A port that nothing listens on; for servers that are told their port. */
export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}

/** Calls `url` and returns the JSON of the answer; posts where a body is given. */
export async function callJson(url, { body, token } = {}) {
  const response = await fetch(url, {
    method: body ? 'POST' : 'GET',
    headers: { ...(body && { 'content-type': 'application/json' }), ...(token && { authorization: `Bearer ${token}` }) },
    body: body && JSON.stringify(body),
    signal: AbortSignal.timeout(15_000),
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`${url}: ${response.status} ${text.slice(0, 400)}`)
  return text ? JSON.parse(text) : undefined
}
