// Credo as an OpenID4VCI 1.0 issuer of SD-JWT VCs and mdocs: pre-authorized code, transaction code, batches, DPoP.
import { DateOnly } from '@credo-ts/core'
import { OpenId4VcModule, OpenId4VciCredentialFormatProfile } from '@credo-ts/openid4vc'
import { listen } from '../lib/http.mjs'
import { newChain, startAgent } from './agent.mjs'

const { MsoMdoc, SdJwtDc } = OpenId4VciCredentialFormatProfile

const DAY = 86_400_000

/** The type and the claims of what this issuer issues. */
export const VCT = 'urn:example:school-report:1'
export const CLAIMS = {
  given_name: 'Ada',
  family_name: 'Muster',
  report: { title: 'Abitur', average: '1,3' },
  subjects: ['Mathematik', 'Physik'],
}

/** The document type, which is the namespace too, and the elements of the mdoc that this issuer issues. */
export const DOCTYPE = 'eu.europa.ec.eudi.pid.1'
export const ELEMENTS = {
  family_name: 'Muster',
  given_name: 'Ada',
  birth_date: new DateOnly('2004-02-29'),
  nationality: ['DE'],
  age_over_18: true,
  issuing_country: 'DE',
}

/** Starts the issuer; `batch` is the number of copies a wallet may ask for at once. */
export async function startIssuer({ batch, dpop = false } = {}) {
  const { app, base, close } = await listen()
  const chains = {}
  const report = ({ jwk }) => ({
    issuer: { method: 'x5c', x5c: [chains.report.leaf], issuer: base },
    holder: { method: 'jwk', jwk },
    headerType: SdJwtDc,
    payload: { vct: VCT, exp: Math.floor(Date.now() / 1000) + 86_400, ...CLAIMS },
    disclosureFrame: { _sd: Object.keys(CLAIMS), report: { _sd: ['title', 'average'] } },
  })
  const pid = ({ jwk }) => {
    const now = new Date(Math.floor(Date.now() / 1000) * 1000)
    return {
      docType: DOCTYPE,
      namespaces: { [DOCTYPE]: ELEMENTS },
      holderKey: jwk,
      issuerCertificate: chains.pid.leaf,
      validityInfo: { signed: now, validFrom: now, validUntil: new Date(+now + DAY) },
    }
  }
  const agent = await startAgent({
    openid4vc: new OpenId4VcModule({
      app,
      issuer: {
        baseUrl: `${base}/issuer`,
        dpopRequired: dpop,
        credentialRequestToCredentialMapper: async ({ holderBinding, credentialConfigurationId }) =>
          credentialConfigurationId === 'pid'
            ? { type: 'credentials', format: MsoMdoc, credentials: holderBinding.keys.map(pid) }
            : { type: 'credentials', format: SdJwtDc, credentials: holderBinding.keys.map(report) },
      },
    }),
  })
  chains.report = await newChain(agent, { name: 'Credo Issuer', base })
  chains.pid = await newChain(agent, { name: 'Credo Document Signer', base, documentSigner: true })
  const proofs = { proof_types_supported: { jwt: { proof_signing_alg_values_supported: ['ES256'] } } }
  const { issuer } = agent.openid4vc
  const { issuerId } = await issuer.createIssuer({
    issuerId: 'school',
    display: [{ name: 'Credo School' }],
    credentialConfigurationsSupported: {
      report: {
        format: SdJwtDc,
        vct: VCT,
        scope: 'report',
        cryptographic_binding_methods_supported: ['jwk'],
        credential_signing_alg_values_supported: ['ES256'],
        ...proofs,
      },
      pid: {
        format: MsoMdoc,
        doctype: DOCTYPE,
        scope: 'pid',
        cryptographic_binding_methods_supported: ['cose_key'],
        credential_signing_alg_values_supported: [-7],
        ...proofs,
      },
    },
    ...(batch && { batchCredentialIssuance: { batchSize: batch } }),
  })

  return {
    close,
    root: chains.report.root,
    /** The root of the document signer. */
    iaca: chains.pid.root,
    /** Offers the credentials of the named configurations: `report`, `pid`. */
    async offer({ txCode = false, configurations = ['report'] } = {}) {
      const { credentialOffer, issuanceSession } = await issuer.createCredentialOffer({
        issuerId,
        credentialConfigurationIds: configurations,
        preAuthorizedCodeFlowConfig: txCode ? { txCode: { input_mode: 'numeric', length: 4 } } : {},
        version: 'v1',
      })
      return { offer: credentialOffer, txCode: issuanceSession.userPin, id: issuanceSession.id }
    },
    state: async (id) => (await issuer.getIssuanceSessionById(id)).state,
  }
}
