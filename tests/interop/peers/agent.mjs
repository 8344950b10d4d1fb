// A Credo agent that lives in memory: keys in Node's own key store, records in a map. Nothing native, nothing on disk.
import { X509Certificate as NodeCertificate } from 'node:crypto'
import { Agent, ConsoleLogger, InjectionSymbols, JsonTransformer, Kms, LogLevel, RecordDuplicateError, RecordNotFoundError,
  StorageVersionRecord, X509Certificate, X509ExtendedKeyUsage, X509KeyUsage } from '@credo-ts/core'
import { agentDependencies, NodeInMemoryKeyManagementStorage, NodeKeyManagementService } from '@credo-ts/node'

const DAY = 86_400_000

/** Credo's storage interface; records are kept as JSON, so no caller shares an object with the store. */
class MemoryStorage {
  supportsCursorPagination = false
  #rows = new Map()

  constructor() {
    // An agent refuses a store whose version it does not find.
    this.#put(new StorageVersionRecord({ storageVersion: StorageVersionRecord.frameworkStorageVersion }))
  }

  #put(record) {
    record.updatedAt = new Date()
    const { _tags, ...json } = JsonTransformer.toJSON(record)
    this.#rows.set(record.id, { type: record.type, tags: record.getTags(), json })
  }

  #load(recordClass, id) {
    const { json, tags } = this.#rows.get(id)
    const record = Object.assign(JsonTransformer.fromJSON(json, recordClass), { id })
    record.replaceTags(tags)
    return record
  }

  #require(recordType, id) {
    if (this.#rows.get(id)?.type !== recordType) throw new RecordNotFoundError(`no record ${id}`, { recordType })
  }

  async save(_context, record) {
    if (this.#rows.has(record.id)) throw new RecordDuplicateError(`record ${record.id}`, { recordType: record.type })
    this.#put(record)
  }

  async update(_context, record) {
    this.#require(record.type, record.id)
    this.#put(record)
  }

  async delete(context, record) {
    await this.deleteById(context, record, record.id)
  }

  async deleteById(_context, { type }, id) {
    this.#require(type, id)
    this.#rows.delete(id)
  }

  async getById(_context, recordClass, id) {
    this.#require(recordClass.type, id)
    return this.#load(recordClass, id)
  }

  async getAll(context, recordClass) {
    return this.findByQuery(context, recordClass, {})
  }

  async findByQuery(_context, recordClass, query, { offset = 0, limit = Infinity } = {}) {
    return [...this.#rows]
      .filter(([, row]) => row.type === recordClass.type && matches(row.tags, query))
      .slice(offset, offset + limit)
      .map(([id]) => this.#load(recordClass, id))
  }
}

function matches(tags, { $and = [], $or, $not, ...wanted }) {
  const equal = ([name, value]) => value === undefined
    || (Array.isArray(value) ? value.every((item) => tags[name]?.includes(item)) : tags[name] === value)
  return Object.entries(wanted).every(equal)
    && $and.every((part) => matches(tags, part))
    && ($or?.some((part) => matches(tags, part)) ?? true)
    && !($not && matches(tags, $not))
}

/** Starts an agent with the given modules. `CREDO_LOG=1` shows what it does. */
export async function startAgent(modules) {
  const agent = new Agent({
    config: { allowInsecureHttpUrls: true, logger: new ConsoleLogger(process.env.CREDO_LOG ? LogLevel.debug : LogLevel.off) },
    dependencies: agentDependencies,
    modules: {
      ...modules,
      kms: new Kms.KeyManagementModule({ backends: [new NodeKeyManagementService(new NodeInMemoryKeyManagementStorage())] }),
      storage: {
        register: (dependencies) => dependencies.registerInstance(InjectionSymbols.StorageService, new MemoryStorage()),
        onProvisionContext: async () => {},
        onDeleteContext: async () => {},
      },
    },
  })
  await agent.initialize()
  return agent
}

/** Adds a PEM certificate to the anchors of the agent. */
export function trust(agent, pem) {
  agent.x509.config.addTrustedCertificate(X509Certificate.fromEncodedCertificate(pem).toString('base64'))
}

/** Makes a fresh P-256 key in the agent's key store. */
export async function newKey(agent) {
  const { publicJwk } = await agent.kms.createKey({ type: { kty: 'EC', crv: 'P-256' } })
  return Kms.PublicJwk.fromPublicJwk(publicJwk)
}

/** Credo's serial numbers are not DER once in some hundred times; OpenSSL refuses those certificates, and so do we. */
function isDer(certificate) {
  try {
    return new NodeCertificate(certificate.toString('pem')) !== undefined
  } catch {
    return false
  }
}

/** Makes certificates until one is DER. */
async function createCertificate(agent, options) {
  for (;;) {
    const certificate = await agent.x509.createCertificate(options)
    if (isDer(certificate)) return certificate
  }
}

/**
 * Makes a certificate authority and a leaf for `localhost`, with the extensions HAIP asks of an x5c chain; or with those
 * that ISO 18013-5 Annex B asks of an IACA root and a document signer.
 */
export async function newChain(agent, { name, base, documentSigner = false }) {
  const authorityKey = await newKey(agent)
  const leafKey = await newKey(agent)
  const midnight = Math.floor(Date.now() / DAY) * DAY
  const validity = { notBefore: new Date(midnight - DAY), notAfter: new Date(midnight + 365 * DAY) }
  const contact = documentSigner && { issuerAlternativeName: { name: [{ type: 'url', value: base }] } }
  const root = await createCertificate(agent, {
    authorityKey,
    issuer: { commonName: `${name} Root`, countryName: 'DE' },
    validity,
    extensions: {
      basicConstraints: { ca: true, pathLenConstraint: 0, markAsCritical: true },
      keyUsage: { usages: [X509KeyUsage.KeyCertSign, X509KeyUsage.CrlSign], markAsCritical: true },
      subjectKeyIdentifier: { include: true },
      ...contact,
    },
  })
  const leaf = await createCertificate(agent, {
    authorityKey,
    issuer: root.issuer,
    subjectPublicKey: leafKey,
    subject: { commonName: name, countryName: 'DE' },
    validity,
    extensions: {
      authorityKeyIdentifier: { include: true },
      keyUsage: { usages: [X509KeyUsage.DigitalSignature], markAsCritical: true },
      subjectAlternativeName: { name: [{ type: 'dns', value: 'localhost' }, { type: 'url', value: base }] },
      subjectKeyIdentifier: { include: true },
      ...contact,
      ...(documentSigner && {
        extendedKeyUsage: { usages: [X509ExtendedKeyUsage.MdlDs], markAsCritical: true },
        crlDistributionPoints: { urls: [`${base}/crl`] },
      }),
    },
  })
  // Signing with a certificate looks the private key up by this id.
  leaf.keyId = leafKey.keyId
  return { root: root.toString('pem'), leaf }
}
