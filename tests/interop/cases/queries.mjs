// DCQL queries that several cases use.
import { DOCTYPE, VCT } from '../peers/credo-issuer.mjs'

/** Asks for two claims of the report that the Credo issuer gives. */
export const REPORT = {
  credentials: [{
    id: 'report',
    format: 'dc+sd-jwt',
    meta: { vct_values: [VCT] },
    claims: [{ path: ['family_name'] }, { path: ['report', 'average'] }],
  }],
}

/** Asks for two elements of a PID in mdoc. */
export const PID = {
  credentials: [{
    id: 'pid',
    format: 'mso_mdoc',
    meta: { doctype_value: DOCTYPE },
    claims: [{ path: [DOCTYPE, 'family_name'] }, { path: [DOCTYPE, 'age_over_18'] }],
  }],
}

/** The same claims of a type that nobody holds. */
export const UNKNOWN_TYPE = { credentials: [{ ...REPORT.credentials[0], meta: { vct_values: ['urn:example:nobody-has-this'] } }] }

export const UNKNOWN_DOCTYPE = {
  credentials: [{ ...PID.credentials[0], meta: { doctype_value: 'org.example.nobody-has-this' } }],
}

/** Every way to sign and send a request that a wallet has to support. */
export const COMBINATIONS = ['x509_hash', 'x509_san_dns']
  .flatMap((prefix) => ['direct_post', 'direct_post.jwt'].map((responseMode) => ({ prefix, responseMode })))
