// Credo as an OpenID4VP 1.0 verifier with DCQL: x509_hash, x509_san_dns or unsigned; direct_post or direct_post.jwt.
import { OpenId4VcModule } from '@credo-ts/openid4vc'
import { listen } from '../lib/http.mjs'
import { newChain, startAgent, trust } from './agent.mjs'

/** Starts a verifier that accepts the issuers under the PEM certificates `issuers`. */
export async function startVerifier({ issuers = [] } = {}) {
  const { app, base, close } = await listen()
  const posts = []
  app.use((request, _response, next) => {
    if (request.method === 'POST') {
      const post = { url: request.originalUrl, body: '' }
      posts.push(post)
      // Credo reads the same stream, so the text is complete when Credo has it.
      request.on('data', (part) => { post.body += part })
    }
    next()
  })
  const agent = await startAgent({ openid4vc: new OpenId4VcModule({ app, verifier: { baseUrl: `${base}/verifier` } }) })
  for (const pem of issuers) trust(agent, pem)
  const chain = await newChain(agent, { name: 'Credo University', base })
  const { verifier } = agent.openid4vc
  const { verifierId } = await verifier.createVerifier({ verifierId: 'university' })

  return {
    close,
    root: chain.root,
    /** Every POST that reached the verifier: a wallet that refuses must leave this empty. */
    posts,
    /** The presentations of an answer that was not encrypted, by query. */
    answered: () => JSON.parse(new URLSearchParams(posts.at(-1).body).get('vp_token')),
    async request(query, { prefix = 'x509_hash', responseMode = 'direct_post.jwt' } = {}) {
      const unsigned = prefix === 'redirect_uri'
      const { authorizationRequest, verificationSession } = await verifier.createAuthorizationRequest({
        verifierId,
        requestSigner: unsigned ? { method: 'none' } : { method: 'x5c', x5c: [chain.leaf], clientIdPrefix: prefix },
        dcql: { query },
        responseMode,
        version: 'v1',
      })
      return { request: authorizationRequest, id: verificationSession.id }
    },
    /** The state of a request and, once verified, the claims of the first credential that answered each query. */
    async result(id) {
      const { state, errorMessage } = await verifier.getVerificationSessionById(id)
      if (state !== 'ResponseVerified') return { state, error: errorMessage }
      const { dcql } = await verifier.getVerifiedAuthorizationResponse(id)
      const claims = ({ prettyClaims, documents }) => prettyClaims ?? documents[0].issuerSignedNamespaces
      const first = Object.entries(dcql.presentations).map(([query, [presentation]]) => [query, claims(presentation)])
      return { state, satisfied: dcql.presentationResult.can_be_satisfied, claims: Object.fromEntries(first) }
    },
  }
}
