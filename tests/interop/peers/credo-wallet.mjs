// Credo as a holder: receives by OpenID4VCI 1.0, presents by OpenID4VP 1.0.
import { OpenId4VcModule } from '@credo-ts/openid4vc'
import { newKey, startAgent, trust } from './agent.mjs'

/** Starts a wallet that trusts issuers and relying parties under the PEM certificates `anchors`. */
export async function startWallet({ anchors = [], dpop = false } = {}) {
  const agent = await startAgent({ openid4vc: new OpenId4VcModule() })
  for (const pem of anchors) trust(agent, pem)
  const { holder } = agent.openid4vc

  return {
    trust: (pem) => trust(agent, pem),
    /** Accepts an offer with as many keys as the issuer allows; returns the copies it got, as the issuer wrote them. */
    async receive(offer, { txCode } = {}) {
      const resolvedCredentialOffer = await holder.resolveCredentialOffer(offer)
      const token = await holder.requestToken({
        resolvedCredentialOffer,
        ...(txCode && { txCode }),
        ...(dpop && { dpop: { alg: 'ES256', jwk: await newKey(agent) } }),
      })
      const credentials = []
      // One request each: for a second one Credo wants its nonce from the first answer, where it is only in old drafts.
      for (const configuration of Object.keys(resolvedCredentialOffer.offeredCredentialConfigurations)) {
        const received = await holder.requestCredentials({
          resolvedCredentialOffer,
          ...token,
          credentialConfigurationIds: [configuration],
          credentialBindingResolver: async ({ issuerMaxBatchSize = 1 }) =>
            ({ method: 'jwk', keys: await Promise.all(Array.from({ length: issuerMaxBatchSize }, () => newKey(agent))) }),
        })
        credentials.push(...received.credentials)
      }
      for (const { record } of credentials) await (record.type === 'MdocRecord' ? agent.mdoc : agent.sdJwtVc).store({ record })
      return credentials.flatMap(({ record }) =>
        record.credentialInstances.map((copy) => copy.compactSdJwtVc ?? copy.issuerSignedBase64Url))
    },
    /** Answers a request with the first credentials that fit; `satisfied: false` where none does. */
    async present(request) {
      const { authorizationRequestPayload, dcql } = await holder.resolveOpenId4VpAuthorizationRequest(request)
      if (!dcql.queryResult.can_be_satisfied) return { satisfied: false }
      const answer = await holder.acceptOpenId4VpAuthorizationRequest({
        authorizationRequestPayload,
        dcql: { credentials: holder.selectCredentialsForDcqlRequest(dcql.queryResult) },
      })
      return { satisfied: true, status: answer.serverResponse?.status }
    },
  }
}
