// A request of OpenID4VP 1.0 in the tests' own hands: read it, and answer it without encryption.

/** The parameters of the signed request that a link leads to, unverified. */
export async function readRequest(link) {
  const response = await fetch(new URL(link).searchParams.get('request_uri'))
  const jwt = await response.text()
  return JSON.parse(Buffer.from(jwt.split('.')[1], 'base64url'))
}

/** What a session transcript is made of, where the answer is not encrypted. */
export const bindingOf = ({ client_id: clientId, nonce, response_uri: responseUri }) =>
  ({ clientId, nonce, responseUri })

/** Posts one presentation, to the query `id`; gives whether it was taken. */
export async function answer({ response_uri, state }, id, presentation) {
  const body = new URLSearchParams({ vp_token: JSON.stringify({ [id]: [presentation] }), ...(state && { state }) })
  const response = await fetch(response_uri, { method: 'POST', body })
  return response.ok
}
