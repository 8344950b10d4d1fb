// Credo as an OpenID4VCI 1.0 issuer of SD-JWT VCs: pre-authorized code, transaction code, batches, DPoP.
import { OpenId4VcModule, OpenId4VciCredentialFormatProfile } from '@credo-ts/openid4vc'
import { listen } from '../lib/http.mjs'
import { newChain, startAgent } from './agent.mjs'

const FORMAT = OpenId4VciCredentialFormatProfile.SdJwtDc
const CONFIGURATION = 'report'

/** The type and the claims of what this issuer issues. */
export const VCT = 'urn:example:school-report:1'
export const CLAIMS = {
  given_name: 'Ada',
  family_name: 'Muster',
  report: { title: 'Abitur', average: '1,3' },
  subjects: ['Mathematik', 'Physik'],
}

/** Starts the issuer; `batch` is the number of copies a wallet may ask for at once. */
export async function startIssuer({ batch, dpop = false } = {}) {
  const { app, base, close } = await listen()
  const credential = (chain, { jwk }) => ({
    issuer: { method: 'x5c', x5c: [chain.leaf], issuer: base },
    holder: { method: 'jwk', jwk },
    headerType: FORMAT,
    payload: { vct: VCT, exp: Math.floor(Date.now() / 1000) + 86_400, ...CLAIMS },
    disclosureFrame: { _sd: Object.keys(CLAIMS), report: { _sd: ['title', 'average'] } },
  })
  let chain
  const agent = await startAgent({
    openid4vc: new OpenId4VcModule({
      app,
      issuer: {
        baseUrl: `${base}/issuer`,
        dpopRequired: dpop,
        credentialRequestToCredentialMapper: async ({ holderBinding }) =>
          ({ type: 'credentials', format: FORMAT, credentials: holderBinding.keys.map((key) => credential(chain, key)) }),
      },
    }),
  })
  chain = await newChain(agent, { name: 'Credo Issuer', base })
  const { issuer } = agent.openid4vc
  const { issuerId } = await issuer.createIssuer({
    issuerId: 'school',
    display: [{ name: 'Credo School' }],
    credentialConfigurationsSupported: {
      [CONFIGURATION]: {
        format: FORMAT,
        vct: VCT,
        scope: CONFIGURATION,
        cryptographic_binding_methods_supported: ['jwk'],
        credential_signing_alg_values_supported: ['ES256'],
        proof_types_supported: { jwt: { proof_signing_alg_values_supported: ['ES256'] } },
      },
    },
    ...(batch && { batchCredentialIssuance: { batchSize: batch } }),
  })

  return {
    close,
    root: chain.root,
    async offer({ txCode = false } = {}) {
      const { credentialOffer, issuanceSession } = await issuer.createCredentialOffer({
        issuerId,
        credentialConfigurationIds: [CONFIGURATION],
        preAuthorizedCodeFlowConfig: txCode ? { txCode: { input_mode: 'numeric', length: 4 } } : {},
        version: 'v1',
      })
      return { offer: credentialOffer, txCode: issuanceSession.userPin, id: issuanceSession.id }
    },
    state: async (id) => (await issuer.getIssuanceSessionById(id)).state,
  }
}
