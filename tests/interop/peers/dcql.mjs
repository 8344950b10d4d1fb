// The dcql package as a second opinion on whether credentials satisfy a query.
import { DcqlQuery } from 'dcql'

/** Which of `credentials` (the package's own records) answer each query; a query that is not valid satisfies nothing. */
export function evaluate(query, credentials) {
  try {
    const parsed = DcqlQuery.parse(query)
    DcqlQuery.validate(parsed)
    const result = DcqlQuery.query(parsed, credentials)
    const matches = Object.entries(result.credential_matches)
      .map(([id, match]) => [id, (match.valid_credentials ?? []).map((credential) => credential.input_credential_index)])
    return { satisfied: result.can_be_satisfied, matches: Object.fromEntries(matches) }
  } catch (error) {
    return { satisfied: false, invalid: error.message }
  }
}
